package tokens

import (
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"
)

const (
	// maxWord is how many bytes of a word the library is given, because its time is
	// quadratic in them. Words of ordinary text are shorter.
	maxWord = 128
	// maxLong is how many bytes of a longer word are looked at together; it bounds the
	// memory, 40 bytes for each.
	maxLong = 4 << 20
)

// encoding is one vocabulary of OpenAI.
type encoding struct {
	name, pattern string
	load          sync.Once
	library       *tiktoken.Tiktoken
	pieces        *regexp2.Regexp // the library's, which it does not show
	ranks         map[string]int  // the library's own map, not a copy
	longest       int             // bytes of a token
	seed          maphash.Seed
	// words remembers counts: to encode a word takes a microsecond, and prompts are
	// made of few different ones. A slot holds 40 bits of the hash of a word and 24 of its
	// count, so that it is read and written at once; two words are taken for one with a
	// probability of 2^-40.
	words [1 << wordBits]atomic.Uint64
}

const (
	wordBits  = 16 // of the hash are the slot: 512 KiB an encoding
	countBits = 24
)

func newEncoding(name, pattern string) *encoding {
	return &encoding{name: name, pattern: pattern, seed: maphash.MakeSeed()}
}

// unpack reads the vocabulary. It panics if the program was built with a broken one.
func (e *encoding) unpack() {
	if err := e.read(); err != nil {
		panic(fmt.Sprintf("tokens: %s: %v", e.name, err))
	}
}

func (e *encoding) read() (err error) {
	if e.ranks, err = tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(e.name + ".tiktoken"); err != nil {
		return err
	}
	if e.pieces, err = regexp2.Compile(e.pattern, regexp2.None); err != nil {
		return err
	}
	for token := range e.ranks {
		e.longest = max(e.longest, len(token))
	}
	bpe, err := tiktoken.NewCoreBPE(e.ranks, nil, e.pattern)
	if err != nil {
		return err
	}
	e.library = tiktoken.NewTiktoken(bpe, nil, nil)
	return nil
}

// count adds up the tokens of the words of text.
func (e *encoding) count(text string) int {
	if text == "" {
		return 0
	}
	e.load.Do(e.unpack)
	n := 0
	for text != "" {
		end := wordEnd(text)
		n += e.word(text[:end])
		text = text[end:]
	}
	return n
}

// wordEnd returns where the first word of text ends: at a place where every text is cut by
// the patterns, whatever stands around it, so that words can be counted one by one. Such
// places are before a space that follows something else than white space, and behind the end
// of a line that neither white space nor a slash follows, which o200k_base may take into
// the piece before.
func wordEnd(text string) int {
	most := boundary(text, maxLong)
	for i := 1; i < most; i++ {
		switch c := text[i]; c {
		case ' ':
			if text[i-1] > ' ' && !endsInSpace(text[:i]) {
				return i
			}
		case '\n':
			if next := i + 1; next < most && text[next] > ' ' && text[next] < utf8.RuneSelf && text[next] != '/' {
				return next
			}
		}
	}
	return most
}

// endsInSpace reports whether the last character of text, which is none below U+0021, is white space.
func endsInSpace(text string) bool {
	if text[len(text)-1] < utf8.RuneSelf {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsSpace(last) || unicode.Is(unicode.Z, last)
}

// boundary returns the end of the last whole character in the first most bytes
// of text.
func boundary(text string, most int) int {
	if len(text) <= most {
		return len(text)
	}
	for i := most; i > most-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			return i
		}
	}
	return most // not UTF-8
}

// word counts a word, unless it remembers the count.
func (e *encoding) word(word string) int {
	h := maphash.String(e.seed, word)
	slot := &e.words[h%(1<<wordBits)]
	const counts = 1<<countBits - 1
	if s := slot.Load(); s&^counts == h&^counts && s&counts > 0 {
		return int(s & counts)
	}
	n := 0
	if len(word) <= maxWord {
		n = len(e.library.EncodeOrdinary(word))
	} else {
		n = e.long(word)
	}
	slot.Store(h&^counts | uint64(n))
	return n
}

// long counts a word of more than maxWord bytes.
func (e *encoding) long(word string) int {
	if !utf8.ValidString(word) {
		word = string([]rune(word)) // as the library does
	}
	n := 0
	for m, err := e.pieces.FindStringMatch(word); err == nil && m != nil; m, err = e.pieces.FindNextMatch(m) { // without a time limit there is no error
		end := bytesOf(word, m.Length)
		n += e.merge(word[:end])
		word = word[end:]
	}
	return n
}

// bytesOf returns how long the first characters of text are. Pieces follow each other
// without a gap.
func bytesOf(text string, characters int) int {
	i := 0
	for ; characters > 0; characters-- {
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return i
}

// How the encodings cut a text into the pieces within which bytes are paired.
// Source: openai/tiktoken, tiktoken_ext/openai_public.py.
const (
	o200kPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	cl100kPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)
