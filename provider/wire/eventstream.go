package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// The event stream encoding of AWS, in which Bedrock streams: each message tells the length
// of all of it and of its headers, the CRC-32 of these two, its headers, its payload, and the
// CRC-32 of all before. Numbers are big-endian. Source: smithy.io/2.0/aws/amazon-eventstream.html.
const (
	prelude    = 12 // bytes before the headers
	trailer    = 4  // bytes after the payload
	textHeader = 7  // the type of a header whose value is text
)

// Headers of the messages of an event stream.
const (
	messageType   = ":message-type"
	eventType     = ":event-type"
	exceptionType = ":exception-type"
)

// BeginEvent appends the beginning of a message of an event stream: an event of that type,
// whose payload is to be appended next. EndEvent completes the message.
func BeginEvent(b []byte, kind string) []byte { return beginMessage(b, eventType, kind, "event") }

// BeginException is BeginEvent for an error that ends a stream.
func BeginException(b []byte, kind string) []byte {
	return beginMessage(b, exceptionType, kind, "exception")
}

func beginMessage(b []byte, header, kind, message string) []byte {
	start := len(b)
	b = append(b, make([]byte, prelude)...)
	b = appendText(b, header, kind)
	b = appendText(b, ":content-type", "application/json")
	b = appendText(b, messageType, message)
	binary.BigEndian.PutUint32(b[start+4:], uint32(len(b)-start-prelude))
	return b
}

// appendText appends a header; names and values are constants, and short.
func appendText(b []byte, name, value string) []byte {
	b = append(append(b, byte(len(name))), name...)
	return append(binary.BigEndian.AppendUint16(append(b, textHeader), uint16(len(value))), value...)
}

// EndEvent completes the message that begins at start.
func EndEvent(b []byte, start int) []byte {
	m := b[start:]
	binary.BigEndian.PutUint32(m, uint32(len(m)+trailer))
	binary.BigEndian.PutUint32(m[8:], crc32.ChecksumIEEE(m[:8]))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(m))
}

// eachEvent calls do for the messages in the last bytes of an event stream, which may begin
// in the middle of one, and returns what follows the last of them. It reports false if there
// is none, as in streams of another encoding: nothing else has its checksums by chance.
func eachEvent(tail []byte, do func(e *Event)) (rest []byte, found bool) {
	at := 0
	if !bytes.Contains(tail, []byte(messageType)) { // as in nearly all streams
		at = len(tail)
	}
	for rest = tail[at:]; len(rest) > 0; {
		e, size, err := ParseEvent(rest)
		switch {
		case err == nil:
			do(&e)
			rest, found = rest[size:], true
		case found:
			return rest, true
		default:
			rest = rest[1:]
		}
	}
	return rest, found
}

// Event is a message of an event stream. Its payload is a part of what was read.
type Event struct {
	Kind      string // its type, such as "contentBlockDelta" or "throttlingException"
	Exception bool
	Payload   []byte
}

var (
	errEventCut    = errors.New("event stream: the message is not complete")
	errEventLength = errors.New("event stream: the message has an impossible length")
	errEventSum    = errors.New("event stream: the checksum is wrong")
	errEventHeader = errors.New("event stream: a header is malformed")
)

// ParseEvent reads the message with which b begins, and returns how many bytes it has.
func ParseEvent(b []byte) (e Event, size int, err error) {
	if len(b) < prelude {
		return e, 0, errEventCut
	}
	total, headers := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case total < prelude+trailer || headers > total-prelude-trailer:
		return e, 0, errEventLength
	case uint64(total) > uint64(len(b)):
		return e, 0, errEventCut
	case crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]):
		return e, 0, errEventSum
	}
	size = int(total)
	end := size - trailer
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return e, 0, errEventSum
	}
	e.Payload = b[prelude+int(headers) : end]
	return e, size, e.read(b[prelude : prelude+int(headers)])
}

// widths are the bytes that the value of a header has, by the type of the header; -1 = the
// value begins with its length.
var widths = [...]int{0, 0, 1, 2, 4, 8, -1, -1, 8, 16}

// read takes down what the headers say.
func (e *Event) read(h []byte) error {
	for len(h) > 0 {
		name := int(h[0])
		if len(h) < name+2 || int(h[name+1]) >= len(widths) {
			return errEventHeader
		}
		key, kind, rest := h[1:name+1], h[name+1], h[name+2:]
		width := widths[kind]
		if width < 0 {
			if len(rest) < 2 {
				return errEventHeader
			}
			width, rest = int(binary.BigEndian.Uint16(rest)), rest[2:]
		}
		if len(rest) < width {
			return errEventHeader
		}
		value := rest[:width]
		h = rest[width:]
		switch string(key) {
		case eventType, exceptionType:
			e.Kind = string(value)
		case messageType:
			e.Exception = string(value) == "exception"
		}
	}
	return nil
}

// ending is EndingOf for a stream whose last message is e.
func (e *Event) ending() Ending {
	switch {
	case e.Exception:
		return Failed
	case e.Kind == "metadata":
		return Complete
	}
	return Unmarked
}
