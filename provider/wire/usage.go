package wire

import (
	"bytes"
	"encoding/binary"
)

// StreamUsage returns the JSON of the last event that tells the usage in the end of a
// streamed answer, nil if there is none. The end may begin in the middle of an event.
func StreamUsage(end []byte) []byte {
	i := max(bytes.LastIndex(end, []byte(`"usage"`)), bytes.LastIndex(end, []byte(`"usageMetadata"`)))
	if i < 0 {
		return nil
	}
	// A message of Bedrock's binary stream has two checksums, so no text looks like one.
	for at := i - prelude; at >= 0; at-- {
		if size := binary.BigEndian.Uint32(end[at:]); uint64(size) > uint64(len(end)-at) || int(size) <= i-at {
			continue
		}
		if e, _, err := ParseEvent(end[at:]); err == nil {
			return e.Payload
		}
	}
	line, _, _ := bytes.Cut(end[bytes.LastIndexByte(end[:i], '\n')+1:], []byte("\n"))
	data, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		return nil
	}
	return bytes.TrimSpace(data)
}
