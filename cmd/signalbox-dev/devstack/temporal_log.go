package devstack

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	temporallog "go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// temporalLogger writes the server's log through slog. The server ends the
// process when it meets what it cannot live with; here it only reports that,
// because Postgres and the app have to be stopped in order.
type temporalLogger struct {
	logger *slog.Logger
	fatal  func(error)
	// tags are rendered only when a line is written. The server makes a tagged
	// logger for nearly every task and then says nothing with it.
	tags []tag.Tag
}

var (
	_ temporallog.Logger     = temporalLogger{}
	_ temporallog.WithLogger = temporalLogger{}
)

func (l temporalLogger) Debug(msg string, tags ...tag.Tag) { l.log(slog.LevelDebug, msg, tags) }
func (l temporalLogger) Info(msg string, tags ...tag.Tag)  { l.log(slog.LevelInfo, msg, tags) }
func (l temporalLogger) Warn(msg string, tags ...tag.Tag)  { l.log(slog.LevelWarn, msg, tags) }
func (l temporalLogger) Error(msg string, tags ...tag.Tag) { l.log(slog.LevelError, msg, tags) }

// DPanic panics in the server's own development builds only.
func (l temporalLogger) DPanic(msg string, tags ...tag.Tag) { l.log(slog.LevelError, msg, tags) }

func (l temporalLogger) Panic(msg string, tags ...tag.Tag) {
	l.log(slog.LevelError, msg, tags)
	panic(msg)
}

// Fatal does not return, as its callers expect. The goroutine waits for the
// process to be stopped from outside.
func (l temporalLogger) Fatal(msg string, tags ...tag.Tag) {
	l.log(slog.LevelError, msg, tags)
	l.fatal(fmt.Errorf("Temporal gave up: %s%s", msg, cause(tags)))
	select {}
}

func (l temporalLogger) With(tags ...tag.Tag) temporallog.Logger {
	l.tags = slices.Concat(l.tags, tags)
	return l
}

func (l temporalLogger) log(level slog.Level, msg string, tags []tag.Tag) {
	ctx := context.Background() // the server's interface has none
	if !l.logger.Enabled(ctx, level) {
		return
	}
	record := slog.NewRecord(time.Now(), level, msg, 0)
	record.AddAttrs(attrs(slices.Concat(l.tags, tags))...)
	_ = l.logger.Handler().Handle(ctx, record) // a log that cannot be written has nowhere to say so
}

func attrs(tags []tag.Tag) []slog.Attr {
	list := make([]slog.Attr, 0, len(tags))
	for _, t := range tags {
		list = append(list, slog.Any(t.Key(), t.Value()))
	}
	return list
}

func cause(tags []tag.Tag) string {
	for _, t := range tags {
		if t.Key() == "error" {
			return fmt.Sprintf(": %v", t.Value())
		}
	}
	return ""
}
