package mock

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// embedStyle is OpenAI's list of embeddings.
type embedStyle struct{ chatStyle }

// Bounds on a request for embeddings. Source of the first: OpenAI's API
// reference. No model has as many dimensions as the second.
const (
	mostInputs     = 2048
	mostDimensions = 1 << 13
)

// widths are how many dimensions embeddings have of models whose name begins so, and
// whether a request may ask for fewer. Sources: the vendors' guides to embeddings (2026).
var widths = []struct {
	model string
	width int
	fixed bool
}{
	{"text-embedding-3-small", 1536, false}, {"text-embedding-3-large", 3072, false}, {"text-embedding-ada-002", 1536, true},
	{"mistral-embed", 1024, true}, {"codestral-embed", 1536, false}, {"gemini-embedding", 3072, false}, {"text-embedding-00", 768, false},
}

// otherWidth is how many dimensions the embeddings of other models have.
const otherWidth = 1536

// width returns how many dimensions embeddings have, most of all, and whether that is known
// of the model and fixed. It goes by the name that the answer has.
func (e *exchange) width() (most int, known, fixed bool) {
	for _, w := range widths {
		if strings.HasPrefix(string(bytes.TrimPrefix(e.model, []byte{'"'})), w.model) {
			return w.width, true, w.fixed
		}
	}
	return otherWidth, false, false
}

// checkDimensions refuses a request for more dimensions than the model has. Messages are
// recalled.
func (e *exchange) checkDimensions() error {
	switch most, known, fixed := e.width(); {
	case e.query.Dimensions == 0:
		return nil
	case fixed:
		return reject("dimensions", "", "This model does not support specifying dimensions.")
	case !known && e.query.Dimensions > mostDimensions:
		return reject("dimensions", "", "Invalid value for 'dimensions' = %d. Must be less than or equal to %d.", e.query.Dimensions, mostDimensions)
	case known && int(e.query.Dimensions) > most:
		return reject("dimensions", "", "Invalid value for 'dimensions' = %d. Must be less than or equal to %d.", e.query.Dimensions, most)
	}
	return nil
}

// vector returns an embedding in JSON: one of length 1, the same for every text.
func (e *exchange) vector() []byte {
	n, _, _ := e.width()
	if e.query.Dimensions > 0 {
		n = int(e.query.Dimensions)
	}
	v := float32(1 / math.Sqrt(float64(n)))
	if e.query.Base64 {
		raw := make([]byte, 0, 4*n)
		for range n {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"')
	}
	b := []byte{'['}
	for range n {
		b = append(strconv.AppendFloat(b, float64(v), 'g', -1, 32), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func (embedStyle) whole(b []byte, e *exchange) []byte {
	one := e.vector()
	b = append(b, `{"object":"list","data":[`...)
	for i := 0; i < e.query.Inputs && !e.gone; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = field(b, `{"object":"embedding","index":`, uint64(i))
		b = e.spill(append(append(append(b, `,"embedding":`...), one...), '}'))
	}
	b = append(append(b, `],"model":`...), e.model...)
	b = field(b, `,"usage":{"prompt_tokens":`, uint64(e.prompt))
	return append(field(b, `,"total_tokens":`, uint64(e.prompt)), "}}"...)
}

// geminiEmbedStyle is Gemini's embedding of one text, or of many.
type geminiEmbedStyle struct {
	geminiStyle
	many bool
}

func (s geminiEmbedStyle) whole(b []byte, e *exchange) []byte {
	one := e.vector()
	if !s.many {
		return append(append(append(b, `{"embedding":{"values":`...), one...), "}}"...)
	}
	b = append(b, `{"embeddings":[`...)
	for i := 0; i < e.query.Inputs && !e.gone; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.spill(append(append(append(b, `{"values":`...), one...), '}'))
	}
	return append(b, "]}"...)
}
