package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/devstack"
)

// stopTimeout is how long Ctrl-C may take.
const stopTimeout = 25 * time.Second

// stackFlags are what both commands say about Postgres and Temporal.
type stackFlags struct {
	Dir                string `default:".signalbox" type:"path" help:"Folder of all data."`
	PostgresPort       int    `default:"54329" help:"Port of Postgres on 127.0.0.1; 0 picks a free one."`
	TemporalPort       int    `default:"7233" help:"Port of Temporal on 127.0.0.1; 0 picks a free one."`
	UIPort             int    `name:"ui-port" default:"8233" help:"Port of Temporal's web UI on 127.0.0.1; 0 picks a free one."`
	NoUI               bool   `name:"no-ui" help:"Leave Temporal's web UI out."`
	PostgresBin        string `env:"SIGNALBOX_POSTGRES_BIN" help:"Folder of the Postgres binaries, or 'download'. Searched for if not given, and downloaded if not found."`
	PostgresRepository string `help:"Maven repository to download Postgres from."`
	Verbose            bool   `short:"v" help:"Say more."`
}

func (f stackFlags) options(logger *slog.Logger) devstack.Options {
	if f.NoUI {
		f.UIPort = -1
	}
	return devstack.Options{
		Dir:                f.Dir,
		PostgresPort:       f.PostgresPort,
		TemporalPort:       f.TemporalPort,
		UIPort:             f.UIPort,
		PostgresBin:        f.PostgresBin,
		PostgresRepository: f.PostgresRepository,
		Logger:             logger,
	}
}

func (f stackFlags) logger() *slog.Logger { return f.loggerFrom(slog.LevelInfo) }

// quietLogger is for what talks a lot when all is well.
func (f stackFlags) quietLogger() *slog.Logger { return f.loggerFrom(slog.LevelWarn) }

func (f stackFlags) loggerFrom(level slog.Level) *slog.Logger {
	if f.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(consoleHandler{out: os.Stderr, level: level})
}

// consoleHandler writes what a person reads who waits for a start: the message,
// then its values, and neither time nor level.
type consoleHandler struct {
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

func (h consoleHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h consoleHandler) Handle(_ context.Context, r slog.Record) error {
	line := "signalbox-dev: " + r.Message
	add := func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	_, err := fmt.Fprintln(h.out, line)
	return err
}

func (h consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h consoleHandler) WithGroup(string) slog.Handler { return h }
