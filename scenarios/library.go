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

//go:embed library/*.yaml
var library embed.FS

// Library returns the names of the embedded scenarios, sorted.
func Library() []string {
	var list []string
	entries, _ := library.ReadDir("library") // cannot fail: the folder is part of the program
	for _, e := range entries {
		list = append(list, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return list
}

// Load reads a scenario by path, from stdin if the path is -, or by the name of
// an embedded one; a file of that name is reached as ./name. What is wrong with
// its content is reported as Errors.
func Load(nameOrPath string, stdin io.Reader, opt Options) (*Spec, error) {
	if nameOrPath == "-" {
		return parseAll("<stdin>", stdin, opt)
	}
	if data, err := library.ReadFile("library/" + nameOrPath + ".yaml"); err == nil {
		return Parse(nameOrPath, data, opt)
	}
	f, err := os.Open(nameOrPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no scenario %s: no such file, and not embedded%s", quote(nameOrPath), suggestion(nameOrPath, Library()))
	}
	if err != nil {
		return nil, fmt.Errorf("opening scenario: %w", err)
	}
	defer f.Close()
	return parseAll(nameOrPath, f, opt)
}

func parseAll(name string, r io.Reader, opt Options) (*Spec, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading scenario: %w", err)
	}
	return Parse(name, data, opt)
}
