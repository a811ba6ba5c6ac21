package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// operatorFlags say where the database is, and open what is sealed in it.
type operatorFlags struct {
	databaseFlags
	secretFlags
}

func (f operatorFlags) operator() app.Operator {
	return app.Operator{DSN: f.DSN, SecretKeys: f.SecretKeys}
}

// limitFlags are a tenant's or a key's limits. What is not given stays as it is;
// none can be set in the environment, where the server's own limits are.
type limitFlags struct {
	Rate            *float64 `help:"Events a second over time, in each server process; 0 is no limit."`
	Burst           *int     `help:"Events at once; 0 is one second's worth."`
	MaxBacklog      *int     `help:"Starts that may wait for Temporal before sends are refused; 0 is no limit."`
	MaxPayloadBytes *int     `help:"The size limit of payload.data in bytes; 0 is no limit."`
	MaxBatch        *int     `help:"Events in one sendCustomEvents; 0 is no limit."`
	MaxPage         *int     `help:"Elements of one page of a list; 0 is no limit."`
}

func (f limitFlags) edit() signalbox.LimitsEdit {
	return signalbox.LimitsEdit{
		Rate: f.Rate, Burst: f.Burst, Backlog: f.MaxBacklog, PayloadBytes: f.MaxPayloadBytes, Batch: f.MaxBatch, Page: f.MaxPage,
	}
}

// table writes columns that line up.
func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t "))
	}
	return t.Flush()
}

// printable is s, quoted where it would move a terminal's cursor.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// moment is a time as tables have it.
func moment(t time.Time, zero string) string {
	if t.IsZero() {
		return zero
	}
	return t.UTC().Format(time.RFC3339)
}

// orDash stands where a cell would be empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// limitsText is limits in a cell.
func limitsText(l signalbox.Limits) string {
	if l == (signalbox.Limits{}) {
		return "-"
	}
	return l.String()
}
