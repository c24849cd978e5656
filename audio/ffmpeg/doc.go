// Package ffmpeg decodes what package audio does not, by the program of that name, where it is installed: MP3, AAC, MP4, WebM and the
// like. The program gets a file that a stranger has sent, so it is trusted with nothing:
//
//   - It is told what the file is ([Detect], from a list) and never guesses, so that a playlist that poses as audio opens nothing; the
//     protocols that it may use are the pipe, and the one file that it must seek in.
//   - It runs in a process group and an empty folder of its own, without the environment, with bounds on its memory, its processor time
//     and its files, of which it may write none. It has one thread for decoding. [Recording.Close], or the end of the context, kills
//     the group.
//   - What it says is kept up to a bound, for logs: callers get sentences of ours.
//
// What can be decoded as it comes is: the file goes in through one pipe and the samples come out of another, at the pace of whoever
// takes them. Some containers keep their index at the end; [Format.Seek] says so, and whoever has such a file must have all of it.
//
// Gaps between a container's time stamps are filled with silence, so that positions are times in the file.
package ffmpeg
