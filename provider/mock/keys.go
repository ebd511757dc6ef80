package mock

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Keys is who may call, by API key.
type Keys struct {
	Accounts map[string]string // whose limits a key uses; several keys may share an account
	Tenants  map[string]string // who a key belongs to, for reports; missing where the file does not say
}

// maxKeyErrors bounds how many errors ParseKeys reports; a file with more has
// one cause.
const maxKeyErrors = 20

// mostKeys is how many keys a file may have.
const mostKeys = 1_000_000

// ParseKeys reads a CSV file of keys with the columns key, account and,
// optionally, tenant, which its first line names in this order. Lines that begin
// with # are comments. The name file is for messages, which say line and column;
// keys are secrets and not in them.
func ParseKeys(file string, data []byte) (Keys, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, -1
	p := keysParser{file: file, csv: r, lines: map[string]int{},
		keys: Keys{Accounts: map[string]string{}, Tenants: map[string]string{}}}
	header, err := p.read()
	if errors.Is(err, io.EOF) {
		return Keys{}, fmt.Errorf("%s: is empty; want lines of key,account,tenant under a first line that says so", file)
	}
	if err == nil && !slices.Equal(header, []string{"key", "account"}) && !slices.Equal(header, []string{"key", "account", "tenant"}) {
		p.fail(0, "want the first line to be key,account or key,account,tenant")
		err = io.EOF
	}
	for err == nil && len(p.found) < maxKeyErrors {
		var row []string
		if row, err = p.read(); err == nil {
			p.row(row, len(header))
		}
	}
	if !errors.Is(err, io.EOF) && err != nil {
		p.found = append(p.found, err)
	}
	if len(p.found) > 0 {
		return Keys{}, errors.Join(p.found...)
	}
	if len(p.keys.Accounts) == 0 {
		return Keys{}, fmt.Errorf("%s: has no keys: every call would be refused", file)
	}
	return p.keys, nil
}

type keysParser struct {
	file  string
	csv   *csv.Reader
	keys  Keys
	lines map[string]int // where a key was
	found []error
}

// read returns the next row without the spaces around its fields, or an error
// with its position.
func (p *keysParser) read() ([]string, error) {
	row, err := p.csv.Read()
	if syntax, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, fmt.Errorf("%s:%d:%d: not valid CSV: %w", p.file, syntax.Line, syntax.Column, syntax.Err)
	}
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row, err
}

// fail reports what is wrong with a field of the row read last.
func (p *keysParser) fail(field int, format string, args ...any) {
	line, column := p.csv.FieldPos(field)
	p.found = append(p.found, fmt.Errorf("%s:%d:%d: "+format, slices.Concat([]any{p.file, line, column}, args)...))
}

func (p *keysParser) row(row []string, want int) {
	if len(row) != want {
		p.fail(0, "has %d fields, want %d as the first line has", len(row), want)
		return
	}
	key, account := row[0], row[1]
	line, _ := p.csv.FieldPos(0)
	first, twice := p.lines[key]
	switch {
	case len(p.lines) == mostKeys:
		p.fail(0, "a file has at most %d keys", mostKeys)
	case !wellFormed(key):
		p.fail(0, "key: want up to %d visible ASCII characters", maxKey)
	case twice:
		p.fail(0, "key: is the one of line %d again", first)
	case account == "":
		p.fail(1, "account: is empty")
	default:
		p.lines[key] = line
		p.keys.Accounts[key] = account
		if want > 2 && row[2] != "" {
			p.keys.Tenants[key] = row[2]
		}
	}
}

// maxKey is the longest key that is taken; vendors' have up to about 200
// characters.
const maxKey = 512

// wellFormed reports whether a key could be one: visible ASCII, and not too much.
func wellFormed(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}
