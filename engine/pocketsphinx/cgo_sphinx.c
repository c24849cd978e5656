//go:build pocketsphinx

#include "cgo_sphinx.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sphinxbase/err.h>

// What the library says while one of our functions runs on this thread.
static _Thread_local struct {
	jmp_buf out; // where to go instead of exit
	int armed;
	char *err;
} call;

// say receives every message of the library. The library announces its calls of exit with a message of its own, on the
// thread that is about to call: that is where we leave.
static void say(void *user, err_lvl_t level, const char *fmt, ...) {
	(void)user;
	if (level < ERR_ERROR || call.err == NULL)
		return;
	if (level == ERR_FATAL || call.err[0] == '\0') {
		va_list args;
		va_start(args, fmt);
		vsnprintf(call.err, ES_ERRSIZE, fmt, args);
		va_end(args);
	}
	if (level == ERR_FATAL && call.armed)
		longjmp(call.out, 1);
}

#define BEGIN(buf)                 \
	call.err = (buf);          \
	call.err[0] = '\0';        \
	if (setjmp(call.out)) {    \
		call.armed = 0;    \
		call.err = NULL;   \
		return ES_FATAL;   \
	}                          \
	call.armed = 1;

#define END(ok)                    \
	call.armed = 0;            \
	call.err = NULL;           \
	return (ok) ? ES_OK : ES_FAILED;

// thrift has all threads share one heap, so that what one decoder has given back serves the others, and keeps large buffers out of it: those
// that grow with the longest utterance, and the model's means, which are read anew for every utterance and would leave holes. Decoders ask for
// memory rarely: nobody waits for his turn.
static void thrift(void) {
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 19); // set, it stays: else each large buffer given back would raise it
#endif
}

int es_load(ps_decoder_t **out, const char *hmm, const char *lm, const char *dict, const char *states, const char *phones, int again, char *err) {
	thrift();
	err_set_callback(say, NULL); // the same for all, so it does not matter who comes first
	err_set_logfp(NULL);         // or it prints its whole configuration
	BEGIN(err)
	cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", hmm, "-lm", lm, "-dict", dict,
		"-remove_silence", "no", "-maxhmmpf", states, "-pl_weight", phones,
		// The default of 25 frames to either side of a word's place costs a quarter more for the same words.
		"-fwdflat", again ? "yes" : "no", "-fwdflatsfwin", "12",
		// On the development set the default of 8.5 gives 27.2 % word errors, 10 gives 28.2, 7 gives 25.4, and 6 gives 26.8.
		"-fwdflatlw", "7", NULL);
	*out = config ? ps_init(config) : NULL;
	cmd_ln_free_r(config); // the decoder holds a reference of its own
	if (*out)
		// The mean belongs to the stream, which takes it off itself.
		ps_get_feat(*out)->cmn = CMN_NONE;
	END(*out)
}

int es_start(ps_decoder_t *ps, char *err) {
	BEGIN(err)
	int rv = ps_start_utt(ps);
	END(rv >= 0)
}

int es_window(ps_decoder_t *ps) { return ps_get_feat(ps)->window_size; }

int es_feed(ps_decoder_t *ps, mfcc_t *cep, int frames, char *err) {
	BEGIN(err)
	int rv = 0, size = feat_cepsize(ps_get_feat(ps));
	for (int i = 0; i < frames && rv >= 0; i++) {
		mfcc_t *row = cep + i * size;
		rv = ps_process_cep(ps, &row, 1, FALSE, FALSE);
	}
	END(rv >= 0)
}

int es_end(ps_decoder_t *ps, char *err) {
	BEGIN(err)
	int rv = ps_end_utt(ps);
	END(rv >= 0)
}

int es_adapt(ps_decoder_t *ps, const char *file, char *err) {
	BEGIN(err)
	ps_mllr_t *transform = ps_mllr_read(file);
	if (transform && !ps_update_mllr(ps, transform)) { // is the decoder's from now on
		call.armed = 0;
		call.err = NULL;
		return ES_FATAL; // the means may be gone
	}
	END(transform)
}

void es_free(ps_decoder_t *ps) { ps_free(ps); }

int es_front_new(fe_t **out, ps_decoder_t *ps, char *err) {
	BEGIN(err)
	*out = fe_init_auto_r(ps_get_config(ps));
	END(*out)
}

int es_front(fe_t *fe, int16 *samples, int n, mfcc_t *cep, int max) {
	int16 const *in = samples;
	size_t left = n;
	int size = fe_get_output_size(fe), done = 0;
	// The library may leave samples for another call. One frame at a time is simplest, and bounded.
	for (int turn = 0; left > 0 && turn <= 2 * max; turn++) {
		int32 frames = 1;
		mfcc_t *row = cep + done * size;
		if (done == max || fe_process_frames(fe, &in, &left, &row, &frames, NULL) < 0)
			return ES_FAILED;
		done += frames;
	}
	return left == 0 ? done : ES_FAILED;
}
