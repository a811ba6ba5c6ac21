package main

import (
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// lines is an error as an operator reads it: a line for each thing that is wrong,
// which is one but for files and settings that have several faults. Codes are for
// programs, and left out.
func lines(err error) []string {
	//nolint:errorlint // what is within a sentence of its own is told by that.
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var all []string
		for _, one := range e.Unwrap() {
			all = append(all, lines(one)...)
		}
		return all
	case *signalbox.Error:
		return sentences(e)
	default:
		return []string{oneLine(err.Error())}
	}
}

func sentences(e *signalbox.Error) []string {
	var all []string
	for _, v := range e.Violations {
		if name := flagOf(v.Pointer); name != "" && strings.HasPrefix(e.Message, e.Path+" ") {
			all = append(all, oneLine(name+" "+v.Message))
		}
	}
	if all != nil {
		return all
	}
	text := e.Message
	if e.Err != nil && (e.Code == signalbox.CodeUnavailable || e.Code == signalbox.CodeInternal) {
		text += ": " + e.Err.Error() // a server would have it in its log
	}
	return []string{oneLine(text)}
}

// flags is where on the command line is given what a pointer names.
var flags = map[string]string{
	"/slug": "the slug", "/name": "--name", "/namespace": "--namespace", "/config": "the JSON in --config", "/unknownNames": "--unknown-names",
	"/permissions": "--can", "/expiresAt": "--expires-in", "/overlap": "--overlap",
	"/limits/rate": "--rate", "/limits/burst": "--burst", "/limits/backlog": "--max-backlog",
	"/limits/payloadBytes": "--max-payload-bytes", "/limits/batch": "--max-batch", "/limits/page": "--max-page", "/limits/keys": "--max-keys",
}

// flagOf is how an operator knows what a pointer, or one that it is below, names; ""
// where it is nothing of the command line. What is below is named too.
func flagOf(pointer string) string {
	for at := pointer; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
		if name := flags[at]; name != "" {
			return strings.TrimSpace(name + " " + pointer[len(at):])
		}
	}
	return ""
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
