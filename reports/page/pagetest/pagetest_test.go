package pagetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// watched notes failures in place of the test's own.
type watched struct {
	testing.TB
	failed []string
}

func (w *watched) Helper() {}
func (w *watched) Errorf(format string, args ...any) {
	w.failed = append(w.failed, fmt.Sprintf(format, args...))
}

// A harness that finds nothing proves nothing: each check must fail on a page that
// is bad in its way.
func TestChecksFindWhatIsBad(t *testing.T) {
	b := Start(t)
	path := filepath.Join(t.TempDir(), "bad.html")
	body := `<!doctype html><html lang=en><title>bad</title><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'">
<h1>bad</h1><img src="https://example.com/x.png"><div style="width:3000px">wide</div><button id=b></button>
<a id=d href="data:text/plain,hello" download="hello.txt">save</a>
<script>setTimeout(() => { missing() })</script>`
	if err := os.WriteFile(path, []byte(strings.Replace(body, `style="width:3000px"`, `id=w`, 1)+`<script>document.getElementById("w").style.width="3000px"</script>`), 0o644); err != nil {
		t.Fatal(err)
	}
	w := &watched{TB: t}
	p := b.Open(w, path, View{Width: 390})
	p.Wait(`document.readyState == "complete"`)
	p.Quiet()
	p.Fits()
	if os.Getenv("RATESIM_AXE") != "" {
		p.Accessible()
	}
	all := strings.Join(w.failed, "\n")
	wants := []string{"missing is not defined", "Content Security Policy", "the page is 30"}
	if os.Getenv("RATESIM_AXE") != "" {
		wants = append(wants, "axe-core button-name", "axe-core image-alt")
	}
	for _, want := range wants {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q in:\n%s", want, all)
		}
	}
	if name, got := p.Download("#d"); name != "hello.txt" || string(got) != "hello" {
		t.Errorf("downloaded %q as %q", got, name)
	}
}
