package reports

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Of the folders that were made those that are still empty go, and no others.
func TestMakeDirTidies(t *testing.T) {
	for _, c := range []struct {
		name, before, written string // before is a folder that there is, written is a file
		gone, kept            string
	}{
		{name: "all made", gone: "a"},
		{name: "one made", before: "a", kept: "a", gone: "a/b"},
		{name: "none made", before: "a/b/c", kept: "a/b/c"},
		{name: "written to", written: "a/b/c/result.json", kept: "a/b/c/result.json"},
		{name: "written beside", written: "a/b/other", kept: "a/b/other", gone: "a/b/c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.MkdirAll("./"+c.before, 0o777); err != nil {
				t.Fatal(err)
			}
			tidy, err := MakeDir("a/b/c/")
			if err != nil {
				t.Fatal(err)
			}
			if found := files(t, "a/b/c"); found != nil {
				t.Errorf("the folder holds %q", found)
			}
			if c.written != "" {
				if err := os.WriteFile(c.written, nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			tidy()
			if _, err := os.Stat(c.kept); c.kept != "" && err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(c.gone); c.gone != "" && !os.IsNotExist(err) {
				t.Errorf("%s is left (%v)", c.gone, err)
			}
		})
	}
}

// A folder that can be made only in part is not made.
func TestMakeDirWholeOrNot(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := MakeDir("a/\x00"); err == nil {
		t.Error("a folder has a name with a zero byte")
	}
	if found := files(t, "."); found != nil {
		t.Errorf("%q is left", found)
	}
}

func TestWriteDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	d := Compare(short(), "")
	if err := WriteDir(dir, []File{ResultFile(d), {"table.md", func(w io.Writer) error { return Markdown{}.Report(w, d) }}}); err != nil {
		t.Fatal(err)
	}
	want := []string{"result.json", "table.md"}
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Error(d)
	}
	f, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Read("result.json", f); err != nil {
		t.Error(err)
	}
}

// A set that cannot be written whole leaves the one before.
func TestWriteDirWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	text := func(name, text string) File {
		return File{name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }}
	}
	if err := WriteDir(dir, []File{text("result.json", "before"), text("a.txt", "before")}); err != nil {
		t.Fatal(err)
	}
	broken := File{"z.txt", func(w io.Writer) error {
		io.WriteString(w, "half")
		return errBroken
	}}
	err := WriteDir(dir, []File{text("result.json", "after"), text("a.txt", "after"), broken})
	if path := filepath.Join(dir, "z.txt"); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want the cause and %s", err, path)
	}
	if d := cmp.Diff([]string{"a.txt", "result.json"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	for _, name := range files(t, dir) {
		if b, _ := os.ReadFile(filepath.Join(dir, name)); string(b) != "before" {
			t.Errorf("%s holds %q, want what was there", name, b)
		}
	}
	if err := WriteDir(filepath.Join(dir, "a.txt"), nil); err == nil {
		t.Error("a file passes for a folder")
	}
}

// setOf is a set of eight files that all hold the same number.
func setOf(n int) []File {
	list := make([]File, 8)
	for i := range list {
		list[i] = File{"part-" + strconv.Itoa(i), func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Repeat(strconv.Itoa(n)+"\n", 2000))
			return err
		}}
	}
	list[3].Name = resultName
	return list
}

// TestWriteDirForEver is the process that TestWriteDirKilled kills.
func TestWriteDirForEver(t *testing.T) {
	dir := os.Getenv("RATESIM_TEST_DIR")
	if dir == "" {
		t.Skip("runs in a process of its own only")
	}
	first, _ := strconv.Atoi(os.Getenv("RATESIM_TEST_FIRST"))
	for n := first; ; n++ {
		if err := WriteDir(dir, setOf(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// A process that writes sets is killed 60 times. A folder with a result holds one set then,
// and after the next WriteDir it holds nothing else.
func TestWriteDirKilled(t *testing.T) {
	dir := t.TempDir()
	number := func(name string) int {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(b), "\n")
		n, _ := strconv.Atoi(line)
		if string(b) != strings.Repeat(line+"\n", 2000) {
			t.Errorf("%s is half a file", name)
		}
		return n
	}
	draw := rand.New(rand.NewPCG(1, 2))
	interrupted := 0
	for kill := range 60 {
		first := 1_000_000 * (kill + 1)
		cmd := exec.Command(os.Args[0], "-test.run", "^TestWriteDirForEver$")
		cmd.Env = append(os.Environ(), "RATESIM_TEST_DIR="+dir, "RATESIM_TEST_FIRST="+strconv.Itoa(first))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20*time.Millisecond + time.Duration(draw.IntN(40_000))*time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		found := files(t, dir)
		if !slices.Contains(found, resultName) {
			interrupted++
			continue
		}
		want := number(resultName)
		for _, name := range found {
			if !strings.HasPrefix(name, ".") && number(name) != want {
				t.Errorf("kill %d: %s is of set %d, the result of %d", kill, name, number(name), want)
			}
		}
	}
	t.Logf("%d of 60 kills came between two sets", interrupted)
	if err := WriteDir(dir, setOf(7)); err != nil {
		t.Fatal(err)
	}
	if found := files(t, dir); len(found) != 8 || number(resultName) != 7 {
		t.Errorf("the folder holds %q", found)
	}
}

// A set that was complete when its process was killed is moved into place by the next one.
func TestWriteDirRecovers(t *testing.T) {
	dir := t.TempDir()
	set := filepath.Join(dir, committed)
	for _, err := range []error{os.WriteFile(ResultIn(dir), []byte("old"), 0o600), os.Mkdir(set, 0o700),
		os.WriteFile(filepath.Join(set, resultName), []byte("new"), 0o600), os.WriteFile(filepath.Join(set, "a"), nil, 0o600),
		os.Mkdir(filepath.Join(dir, staged+"999999999"), 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", resultName}, files(t, dir)); d != "" {
		t.Error(d)
	}
	if b, _ := os.ReadFile(ResultIn(dir)); string(b) != "new" {
		t.Errorf("the result is %q", b)
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
