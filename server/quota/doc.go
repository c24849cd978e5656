// Package quota decides whether one more request may be served: how many streams are open at a time, how fast requests come, and
// how much audio a day and a month may have, for every key, for every account with all its keys, and for the server.
//
// Days and months are those of the calendar in UTC. Limits are asked for with every request, so that a change counts at once;
// streams that are open stay open when the number of streams is lowered, but not when the audio is used up.
//
// How much audio has been used is what the store says, plus what the ledger of this server has counted and not yet written. Other
// servers on the same store are seen when the totals are read again, every few seconds. Streams and requests are counted by
// each server for itself: with three servers a key may have three times as many.
package quota
