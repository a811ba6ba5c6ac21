package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Run    runCmd    `cmd:"" default:"withargs" help:"Measure (the default)."`
	Client clientCmd `cmd:"" hidden:"" help:"Make load as standard input says, one JSON object a line."`
}

type runCmd struct {
	DevBinary       string   `default:"bin/signalbox-dev" help:"What runs Postgres and Temporal."`
	ServerBinary    string   `default:"bin/signalbox" help:"The server."`
	ServerEnv       []string `placeholder:"NAME=VALUE" help:"Set in the server's environment, e.g. GOGC=200."`
	Only            []string `help:"Measure these alone: memory, accept, rules, match, bulk, start, latency, drain, keyed, fair, overload."`
	Seconds         float64  `default:"3" help:"Length of a round."`
	Rounds          int      `default:"5" help:"Rounds of each side; the median counts."`
	OverloadSeconds float64  `default:"60" help:"Length of the overload."`
	JSON            string   `name:"json" placeholder:"FILE" help:"Write the results, every round of them, to this file too."`
	Pprof           string   `placeholder:"DIR" help:"Save the server's CPU profile during each measurement here."`
}

type measurement struct {
	name string
	run  func(*bench, context.Context) error
}

// measurements are made in this order.
var measurements = []measurement{
	{"memory", (*bench).idleMemory}, // before any load
	{"accept", (*bench).accept},
	{"rules", (*bench).rules},
	{"match", (*bench).match},
	{"bulk", (*bench).bulk},
	{"start", (*bench).start},
	{"latency", (*bench).latency},
	{"drain", (*bench).drain},
	{"keyed", (*bench).keyed},
	{"fair", (*bench).fair},
	{"overload", (*bench).overload},
}

// Validate is called by kong.
func (c *runCmd) Validate() error {
	if c.Seconds <= 0 || c.Seconds > 600 || c.Rounds < 1 || c.Rounds > 100 {
		return errors.New("--seconds is over 0 and at most 600, --rounds from 1 to 100")
	}
	if c.OverloadSeconds < 0 || c.OverloadSeconds > 3600 {
		return errors.New("--overload-seconds is from 0 to 3600")
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(measurements, func(m measurement) bool { return m.name == name }) {
			return fmt.Errorf("--only: there is no measurement %q", name)
		}
	}
	return nil
}

// Run is called by kong.
func (c *runCmd) Run(ctx context.Context, out output) (err error) {
	b, err := newBench(ctx, c, out.stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, m := range measurements {
		if len(c.Only) > 0 && !slices.Contains(c.Only, m.name) {
			continue
		}
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if c.JSON != "" {
		if err := b.report.writeJSON(c.JSON); err != nil {
			return err
		}
	}
	return b.report.write(out.stdout)
}

// output is where commands write: results and what is going on.
type output struct{ stdout, stderr io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "signalbox-bench: "+strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("signalbox-bench"),
		kong.Description("Signalbox beside what it is built on, in one run on one stack."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(output{os.Stdout, os.Stderr}),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w (signalbox-bench --help lists the flags)", err)
	}
	return command.Run()
}

// seconds turns a flag into a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
