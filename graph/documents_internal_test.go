package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentsAreCompiledOnce: what a client sends again and again is neither
// parsed nor validated again. What is not likely to come again is not kept.
func TestDocumentsAreCompiledOnce(t *testing.T) {
	d := newDocuments(served(), DefaultLimits(), true, true)
	compiled := func(query string) *document {
		op, err := d.operation(t.Context(), query, "")
		require.NoError(t, err)
		return op.doc
	}
	const query = `query($id: ID = 7) { event(id: $id) { id } }`
	kept := func(query string) bool {
		first := compiled(query)
		return first == compiled(query)
	}
	require.True(t, kept(query))
	require.NotSame(t, compiled(query), compiled(query+" "))

	const literal = `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: {}}}) { success } }`
	require.False(t, kept(literal), "data in the document: each is new")
	long := query + "#" + strings.Repeat("x", maxCachedBytes)
	require.False(t, kept(long), "or few clients could fill the memory")

	first := compiled(query)
	for i := range maxCached {
		compiled(fmt.Sprintf("query q%d { rules { name } }", i))
	}
	require.NotSame(t, first, compiled(query), "the oldest has made room")
}
