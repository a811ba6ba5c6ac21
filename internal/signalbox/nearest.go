package signalbox

import (
	"slices"
	"strings"
)

const (
	maxSuggestions = 3
	// maxCompared bounds the work that a name which nobody registered can cause.
	maxCompared = 128
)

// Nearest gives up to three of the known names that given may be a slip for,
// nearest first: those that differ in case alone, then those within a third of
// its length in edits.
func Nearest(given string, known []string) []string {
	given = strings.ToLower(strings.TrimSpace(given))
	if len(given) > maxCompared {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, name := range known {
		if len(name) > maxCompared {
			continue
		}
		d := editDistance(given, strings.ToLower(name))
		if d <= max(1, len(given)/3) {
			near = append(near, candidate{name, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return a.distance - b.distance })
	suggestions := make([]string, 0, maxSuggestions)
	for _, c := range near[:min(len(near), maxSuggestions)] {
		suggestions = append(suggestions, c.name)
	}
	return suggestions
}

// editDistance is Levenshtein's, over bytes: names are nearly always ASCII, and a
// suggestion needs no more.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
