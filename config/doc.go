// Package config turns a file, the environment and command-line flags into one [Config], checked and complete.
//
// The manual of all settings is the file earshot.yaml in this folder, embedded as [Manual]: every key with its default
// and one comment. A key is named by its path, such as "limits.idle", and that name serves everywhere: in the file
// (nested, or written with the dots), as the environment variable EARSHOT_LIMITS_IDLE ([EnvName]) and as the flag
// --limits-idle ([FlagName]). Flags win over the environment, the environment over the file, the file over the defaults.
//
// The package knows no engine: the sections below "engines" are kept as text, and whoever has the drivers checks them.
// A sequence of mappings there becomes the JSON text that stt.FormatRecords writes, which is also what variables and
// flags take in its place. [Load] finds all mistakes at once, each an *stt.Error with code Invalid that names the key and
// where it was set. [Print] writes the configuration in force with the origin of every value, and never a secret.
//
// To add a key: a field in [Config], a line in the table in keys.go, and the line with its comment in earshot.yaml. The
// tests say which of them is missing. The package holds no state and may be used concurrently.
package config
