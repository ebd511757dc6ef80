package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

//go:embed library/*.yaml claims/*.yaml
var library embed.FS

// Library returns the names of the embedded scenarios, sorted.
func Library() []string { return embedded("library") }

// Claims returns the names of the embedded claims, sorted.
func Claims() []string { return embedded("claims") }

func embedded(folder string) []string {
	var list []string
	entries, _ := library.ReadDir(folder) // cannot fail: the folder is part of the program
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(list)
	return list
}

// Load reads a scenario by path, from stdin if the path is -, or by the name of
// an embedded one, or claims/NAME for the experiment of an embedded claim; a
// file of that name is reached as ./name. What is wrong with its content is
// reported as Errors, that there is none as fs.ErrNotExist.
func Load(nameOrPath string, stdin io.Reader, opt Options) (*Spec, error) {
	folder, known := "library/", Library()
	if strings.HasPrefix(nameOrPath, "claims/") {
		folder, known = "", nil
		for _, name := range Claims() {
			known = append(known, "claims/"+name)
		}
	}
	data, err := read(nameOrPath, folder+nameOrPath, stdin, known, "scenario")
	if err != nil {
		return nil, err
	}
	return Parse(nameOf(nameOrPath), data, opt)
}

// LoadClaim reads a claim as Load reads a scenario: by path, or by its name with
// or without claims/ before it.
func LoadClaim(nameOrPath string, stdin io.Reader, opt Options) (*Claim, error) {
	data, err := read(nameOrPath, "claims/"+strings.TrimPrefix(nameOrPath, "claims/"), stdin, Claims(), "claim")
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

// notFound says that there is nothing under a name.
type notFound string

func (e notFound) Error() string        { return string(e) }
func (e notFound) Is(target error) bool { return target == fs.ErrNotExist }

// read returns the content of what is embedded under a name, of a file or of
// stdin.
func read(nameOrPath, name string, stdin io.Reader, known []string, what string) ([]byte, error) {
	r := stdin
	if nameOrPath != "-" {
		if data, err := library.ReadFile(name + ".yaml"); err == nil {
			return data, nil
		}
		f, err := os.Open(nameOrPath)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, notFound(fmt.Sprintf("no %s %s: no such file, and not embedded%s", what, quote(nameOrPath), suggestion(nameOrPath, known)))
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
