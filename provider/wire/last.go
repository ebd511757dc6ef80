package wire

import "strings"

// Last returns the text of the last message of a request to a model, whichever vendor's it
// is; body is valid JSON.
func Last(body []byte) string {
	var last []byte
	c := cursor{body}
	c.fields(func(key []byte) {
		switch string(key) {
		case "messages", "contents", "input":
			if c.peek() == '[' {
				c.elements(func() { last = c.skip() })
			} else {
				last = c.skip()
			}
		default:
			c.skip()
		}
	})
	var text strings.Builder
	if len(last) > 0 && last[0] == '"' {
		unescape(&text, last[1:len(last)-1])
		return text.String()
	}
	Scan(last, func(s []byte) { unescape(&text, s) })
	return text.String()
}
