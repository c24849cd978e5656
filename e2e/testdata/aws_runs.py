"""Runs the AWS CLI as it is installed, once for each line of standard input.

Each run is a fork of this process, which has loaded the CLI's modules and plugins and done nothing else with them: to load them takes five
times as long as a command does. A line is {"args": [...], "env": {...}}; the answer is a line {"code": 0, "stdout": "", "stderr": ""}.
The path of the CLI is the first argument.
"""
import json
import os
import runpy
import sys
import tempfile
import traceback

before = set(os.environ)
import awscli.clidriver  # noqa: E402

# What "aws" does first of all. The driver is thrown away: it has made the imports.
awscli.clidriver.create_clidriver()
own = {name: os.environ[name] for name in set(os.environ) - before}  # where its data is


def run(job, out, err):
    """Becomes the CLI; never returns."""
    code = 255
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.environ.clear()
        os.environ.update(own | job["env"])
        sys.argv = [sys.argv[1], *job["args"]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            run(json.loads(line), out, err)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    print(json.dumps({"code": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}), flush=True)
