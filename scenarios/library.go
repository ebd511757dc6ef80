package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

//go:embed library/*.yaml claims/*.yaml
var library embed.FS

// Library returns the names of the embedded scenarios, sorted.
func Library() []string { return embedded("library", "") }

// Claims returns the names of the embedded claims, sorted: claims/NAME.
func Claims() []string { return embedded("claims", "claims/") }

func embedded(folder, prefix string) []string {
	var list []string
	entries, _ := library.ReadDir(folder) // cannot fail: the folder is part of the program
	for _, e := range entries {
		list = append(list, prefix+strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return list
}

// Load reads a scenario by path, from stdin if the path is -, or by the name of
// an embedded one; a file of that name is reached as ./name. What is wrong with
// its content is reported as Errors.
func Load(nameOrPath string, stdin io.Reader, opt Options) (*Spec, error) {
	data, err := read(nameOrPath, stdin, Library(), "scenario")
	if err != nil {
		return nil, err
	}
	return Parse(nameOf(nameOrPath), data, opt)
}

// LoadClaim reads a claim as Load reads a scenario.
func LoadClaim(nameOrPath string, stdin io.Reader, opt Options) (*Claim, error) {
	data, err := read(nameOrPath, stdin, Claims(), "claim")
	if err != nil {
		return nil, err
	}
	return ParseClaim(nameOf(nameOrPath), data, opt)
}

func nameOf(path string) string {
	if path == "-" {
		return "<stdin>"
	}
	return path
}

// read returns the content of a file, of stdin or of what is embedded.
func read(nameOrPath string, stdin io.Reader, known []string, what string) ([]byte, error) {
	var r io.Reader = stdin
	if nameOrPath != "-" {
		for _, name := range []string{"library/" + nameOrPath, nameOrPath} { // the latter is claims/NAME
			if data, err := library.ReadFile(name + ".yaml"); err == nil && !strings.HasPrefix(nameOrPath, "library/") {
				return data, nil
			}
		}
		f, err := os.Open(nameOrPath)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no %s %s: no such file, and not embedded%s", what, quote(nameOrPath), suggestion(nameOrPath, known))
		}
		if err != nil {
			return nil, fmt.Errorf("opening %s: %w", what, err)
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return data, nil
}
