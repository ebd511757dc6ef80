package mock

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
)

// embedStyle is OpenAI's list of embeddings.
type embedStyle struct{ chatStyle }

// Bounds on a request for embeddings. Source of the first: OpenAI's API
// reference. No model has as many dimensions as the second.
const (
	mostInputs     = 2048
	mostDimensions = 1 << 13
	dimensions     = 1536 // where none are asked for: text-embedding-3-small's
)

// whole appends a vector of length 1 for every text, all alike.
func (embedStyle) whole(b []byte, e *exchange) []byte {
	n := int(e.query.Dimensions)
	if n == 0 {
		n = dimensions
	}
	one := vector(n, e.query.Base64)
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

func vector(n int, encoded bool) []byte {
	v := float32(1 / math.Sqrt(float64(n)))
	if encoded {
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
