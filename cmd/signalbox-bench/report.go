package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// report is the tables: what came of it, and what it cost.
type report struct {
	rows  []row
	costs []costRow
}

type costRow struct {
	measurement string
	raw, ours   cost
}

// row is one result. Raw is absent where there is nothing to compare with.
type row struct {
	Measurement string   `json:"measurement"`
	Metric      string   `json:"metric"`
	Unit        string   `json:"unit"`
	Raw         *float64 `json:"raw,omitempty"`
	Ours        float64  `json:"ours"`
	Ratio       *float64 `json:"ratio,omitempty"` // ours/raw: the median of the rounds'
	Over        *float64 `json:"over,omitempty"`  // ours-raw, likewise
	Aim         string   `json:"aim,omitempty"`
	Met         *bool    `json:"met,omitempty"`
	Rounds      []pair   `json:"rounds,omitempty"`
}

// aim is what a result should be; zero fields ask for nothing.
type aim struct {
	ratio float64 // at least
	least float64 // ours, at least
	most  float64 // ours, at most
	over  float64 // ours-raw, at most
	// ratioMost is for times: ours/raw, at most.
	ratioMost float64
	none      bool // ours is 0
}

// judge puts the aim into words and tells whether it is met.
func (r *row) judge(a aim, unit func(float64) string) {
	var words []string
	met := true
	say := func(ok bool, format string, args ...any) {
		words = append(words, fmt.Sprintf(format, args...))
		met = met && ok
	}
	if a.ratio != 0 {
		say(*r.Ratio >= a.ratio, "ratio ≥ %.2f", a.ratio)
	}
	if a.ratioMost != 0 {
		say(*r.Ratio <= a.ratioMost, "ratio ≤ %.2f", a.ratioMost)
	}
	if a.least != 0 {
		say(r.Ours >= a.least, "≥ %s", unit(a.least))
	}
	if a.most != 0 {
		say(r.Ours <= a.most, "≤ %s", unit(a.most))
	}
	if a.none {
		say(r.Ours == 0, "none")
	}
	if a.over != 0 {
		say(*r.Over <= a.over, "≤ %s over raw, is %s", unit(a.over), unit(*r.Over))
	}
	if len(words) > 0 {
		r.Aim, r.Met = strings.Join(words, " and "), &met
	}
}

// compared makes a row of the medians of the rounds.
func compared(measurement, metric, unit string, pairs []pair, of func(sample) float64) row {
	n := len(pairs)
	raws, ours, ratios, overs := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, p := range pairs {
		raws[i], ours[i] = of(p.Raw), of(p.Ours)
		ratios[i], overs[i] = ours[i]/raws[i], ours[i]-raws[i]
	}
	raw, ratio, over := median(raws), median(ratios), median(overs)
	return row{Measurement: measurement, Metric: metric, Unit: unit, Raw: &raw, Ours: median(ours), Ratio: &ratio, Over: &over}
}

func (r *report) rate(measurement string, pairs []pair, a aim) {
	one := compared(measurement, "rate", "/s", pairs, sample.rate)
	one.judge(a, perSecond)
	one.Rounds = pairs
	r.rows = append(r.rows, one)
	r.costs = append(r.costs, costRow{measurement, medianCost(pairs, func(p pair) cost { return p.RawCost }), medianCost(pairs, func(p pair) cost { return p.OursCost })})
}

func medianCost(pairs []pair, of func(pair) cost) cost {
	one := func(part func(cost) float64) float64 {
		values := make([]float64, len(pairs))
		for i, p := range pairs {
			values[i] = part(of(p))
		}
		return median(values)
	}
	return cost{
		Client: one(func(c cost) float64 { return c.Client }), Server: one(func(c cost) float64 { return c.Server }),
		Postgres: one(func(c cost) float64 { return c.Postgres }), Temporal: one(func(c cost) float64 { return c.Temporal }),
	}
}

func (r *report) latency(measurement string, pairs []pair, p50, p99 aim) {
	one := compared(measurement, "p50", "ms", pairs, func(s sample) float64 { return s.P50 })
	one.judge(p50, ms)
	other := compared(measurement, "p99", "ms", pairs, func(s sample) float64 { return s.P99 })
	other.judge(p99, ms)
	r.rows = append(r.rows, one, other)
}

// match takes medians in µs, raw that of the smallest table.
func (r *report) match(measurement string, raw, ours float64, a aim) {
	ratio := ours / raw
	one := row{Measurement: measurement, Metric: "p50", Unit: "µs", Raw: &raw, Ours: ours, Ratio: &ratio}
	one.judge(a, micros)
	r.rows = append(r.rows, one)
}

// memory takes bytes; 0 is a system that does not say.
func (r *report) memory(measurement string, resident int64, mostMB float64) {
	one := row{Measurement: measurement, Metric: "resident", Unit: "MB", Ours: float64(resident) / 1e6}
	if resident != 0 {
		one.judge(aim{most: mostMB}, megabytes)
	}
	r.rows = append(r.rows, one)
}

// one takes a figure that has nothing to be compared with.
func (r *report) one(measurement, metric, unit string, ours float64, a aim) {
	figure := row{Measurement: measurement, Metric: metric, Unit: unit, Ours: ours}
	figure.judge(a, units[unit])
	r.rows = append(r.rows, figure)
}

func (r *report) writeJSON(file string) error {
	text, err := json.MarshalIndent(r.rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

func (r *report) write(w io.Writer) error {
	results := [][]string{{"measurement", "metric", "raw", "ours", "ours/raw", "aim", "met"}}
	for i := range r.rows {
		results = append(results, r.rows[i].cells())
	}
	if err := writeTable(w, results, "llrrrll"); err != nil {
		return err
	}
	costs := [][]string{{"processor time an event, raw → ours", "client", "server", "Postgres", "Temporal"}}
	for _, c := range r.costs {
		both := func(raw, ours float64) string { return micros(raw) + " → " + micros(ours) }
		costs = append(costs, []string{
			c.measurement, both(c.raw.Client, c.ours.Client), micros(c.ours.Server),
			both(c.raw.Postgres, c.ours.Postgres), both(c.raw.Temporal, c.ours.Temporal),
		})
	}
	if len(costs) == 1 || r.costs[0].ours == (cost{}) {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return writeTable(w, costs, "lrrrr")
}

// writeTable aligns each column to the left or the right, as sides says.
func writeTable(w io.Writer, lines [][]string, sides string) error {
	widths := make([]int, len(sides))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if sides[i] == 'r' {
				text.WriteString(pad + cell + "  ")
			} else {
				text.WriteString(cell + pad + "  ")
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(text.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) cells() []string {
	unit := units[r.Unit]
	cells := []string{r.Measurement, r.Metric, "", unit(r.Ours), "", r.Aim, ""}
	if r.Ours == 0 && r.Unit != "" {
		cells[3] = "n/a"
	}
	if r.Raw != nil {
		cells[2] = unit(*r.Raw)
	}
	if r.Ratio != nil {
		cells[4] = fmt.Sprintf("%.2f", *r.Ratio)
	}
	if r.Met != nil {
		cells[6] = map[bool]string{true: "yes", false: "no"}[*r.Met]
	}
	return cells
}

// units are how figures are written; "" is a plain number.
var units = map[string]func(float64) string{"/s": perSecond, "ms": ms, "MB": megabytes, "µs": tenthMicros, "": thousands}

func perSecond(v float64) string   { return thousands(v) + "/s" }
func ms(v float64) string          { return strconv.FormatFloat(v, 'f', 2, 64) + " ms" }
func micros(v float64) string      { return strconv.FormatFloat(v, 'f', 0, 64) + " µs" }
func tenthMicros(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) + " µs" }
func megabytes(v float64) string   { return strconv.FormatFloat(v, 'f', 0, 64) + " MB" }

// thousands writes a whole number with commas.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
