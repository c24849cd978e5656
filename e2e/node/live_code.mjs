// Prints the programs of the Live page's "show the code" for the settings that come on standard input: a list of {protocol, server, options, region}.
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { programs } = await import(pathToFileURL(`${process.env.LIVE}/live/code.js`).href);
process.stdout.write(JSON.stringify((await json(process.stdin)).map(programs)));
