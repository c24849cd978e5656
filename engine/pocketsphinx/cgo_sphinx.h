//go:build pocketsphinx

#ifndef EARSHOT_SPHINX_H
#define EARSHOT_SPHINX_H

#include <pocketsphinx.h>

// Every function here takes a buffer for the library's first error message and never lets the library end the process:
// where it would call exit, the function returns ES_FATAL instead. The object is then in an unknown state and must be
// left alone for good, without being freed.
enum { ES_OK = 0, ES_FAILED = -1, ES_FATAL = -2, ES_ERRSIZE = 512 };

int es_load(ps_decoder_t **out, const char *hmm, const char *lm, const char *dict, const char *states, const char *phones, int again, char *err);
int es_start(ps_decoder_t *ps, char *err);
int es_feed(ps_decoder_t *ps, mfcc_t *cep, int frames, char *err);
int es_end(ps_decoder_t *ps, char *err);
// es_adapt has the library read the means and variances of the model again and put the transform in file on them. ES_FAILED: the transform
// could not be read, and nothing has changed.
int es_adapt(ps_decoder_t *ps, const char *file, char *err);
void es_free(ps_decoder_t *ps);
// es_window is how many frames a feature looks ahead.
int es_window(ps_decoder_t *ps);

// es_front_new makes the computation of features, with the parameters of the model that ps has loaded.
int es_front_new(fe_t **out, ps_decoder_t *ps, char *err);
// es_front takes n samples, which must be few enough for max frames, and returns the number of frames written.
int es_front(fe_t *fe, int16 *samples, int n, mfcc_t *cep, int max);

#endif
