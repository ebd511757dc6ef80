package tokens

import (
	"fmt"
	"hash/maphash"
	"math"

	"github.com/dlclark/regexp2"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"
)

// vocabulary is byte pair encoding, as tiktoken does it. Its tokens are in memory
// without a pointer: the 200,000 strings of a map, which tiktoken-go has three times,
// are what the garbage collector of a mock provider would spend its time on, and a
// hundredth of all requests would wait for.
type vocabulary struct {
	pieces *regexp2.Regexp // cuts a text; tokens do not reach from one piece into another
	seed   maphash.Seed
	text   []byte   // of all tokens, by rank
	ends   []uint32 // where each ends in text
	slots  []uint32 // a hash table of ranks + 1, 0 where free; its size is a power of two
}

// newVocabulary reads one of the vocabularies that are part of the program.
func newVocabulary(file, pattern string) (*vocabulary, error) {
	ranks, err := tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(file)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{seed: maphash.MakeSeed(), slots: make([]uint32, 1)}
	if v.pieces, err = regexp2.Compile(pattern, regexp2.None); err != nil {
		return nil, err
	}
	byRank := make([]string, len(ranks))
	for token, rank := range ranks {
		if rank < 0 || rank >= len(byRank) || token == "" {
			return nil, fmt.Errorf("token %q has rank %d of %d", token, rank, len(byRank))
		}
		byRank[rank] = token
	}
	for len(v.slots) < 2*len(byRank) {
		v.slots = append(v.slots, v.slots...)
	}
	for rank, token := range byRank {
		v.text = append(v.text, token...)
		v.ends = append(v.ends, uint32(len(v.text)))
		_, slot := v.find([]byte(token))
		v.slots[slot] = uint32(rank) + 1
	}
	return v, nil
}

// none is the rank of what is no token.
const none = math.MaxUint32

// find returns the rank of a token, and the slot where it is or would be.
func (v *vocabulary) find(token []byte) (rank uint32, slot uint64) {
	mask := uint64(len(v.slots) - 1)
	for slot = maphash.Bytes(v.seed, token) & mask; v.slots[slot] != 0; slot = (slot + 1) & mask {
		rank = v.slots[slot] - 1
		begin := uint32(0)
		if rank > 0 {
			begin = v.ends[rank-1]
		}
		if string(v.text[begin:v.ends[rank]]) == string(token) {
			return rank, slot
		}
	}
	return none, slot
}

// count returns the tokens of a text.
func (v *vocabulary) count(text string) int {
	n := 0
	m, err := v.pieces.FindStringMatch(text)
	for ; err == nil && m != nil; m, err = v.pieces.FindNextMatch(m) { // without a time limit there is no error
		n += v.pairs([]byte(m.String()))
	}
	return n
}

// part is a run of bytes that are one token so far.
type part struct {
	begin int
	rank  uint32 // of the token that it and the next part would be
}

// pairs returns the tokens of a piece: of all neighbours that are a token together,
// those of the least rank become one, the first of them first, until there are none.
func (v *vocabulary) pairs(piece []byte) int {
	if rank, _ := v.find(piece); rank != none {
		return 1
	}
	parts := make([]part, len(piece)+1) // and one for the end
	for i := range parts {
		parts[i] = part{i, none}
	}
	// rank is that of the i-th part and the next, of which the last is without.
	rank := func(i int) uint32 {
		if i < 0 || i+2 >= len(parts) {
			return none
		}
		r, _ := v.find(piece[parts[i].begin:parts[i+2].begin])
		return r
	}
	for i := range parts {
		parts[i].rank = rank(i)
	}
	for {
		least := 0
		for i := range parts {
			if parts[i].rank < parts[least].rank {
				least = i
			}
		}
		if parts[least].rank == none {
			return len(parts) - 1
		}
		parts = append(parts[:least+1], parts[least+2:]...)
		parts[least].rank = rank(least)
		if least > 0 {
			parts[least-1].rank = rank(least - 1)
		}
	}
}
