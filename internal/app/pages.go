package app

import "github.com/signalbox/signalbox/internal/signalbox"

// pageLength is how many elements of a list are read at a time.
const pageLength = 500

// readPages reads a list page by page, up to most elements of it, and tells whether
// there are more.
func readPages[T any](most int, idOf func(*T) signalbox.ID, read func(signalbox.Page) ([]T, bool, error)) ([]T, bool, error) {
	var all []T
	var page signalbox.Page
	for more := true; more; {
		if len(all) >= most {
			return all, true, nil
		}
		page.First = min(pageLength, most-len(all))
		var found []T
		var err error
		if found, more, err = read(page); err != nil {
			return nil, false, err
		}
		all = append(all, found...)
		if more {
			page.After = idOf(&all[len(all)-1])
		}
	}
	return all, false, nil
}
