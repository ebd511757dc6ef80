package reports

import (
	"fmt"
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	d := os.Getenv("LOOK")
	if d == "" {
		t.Skip()
	}
	os.MkdirAll(d, 0o755)
	for pre, ps := range map[string][]Picture{"c-": Pictures(launchDay()), "h-": HerdPictures(aHerd())} {
		for _, p := range ps {
			f, _ := os.Create(d + "/" + pre + p.Name + ".png")
			if err := p.WritePNG(f); err != nil {
				t.Fatal(err)
			}
			f.Close()
			f, _ = os.Create(d + "/" + pre + p.Name + ".svg")
			if err := p.WriteSVG(f); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	for _, w := range []int{0, 120, 100, 80, 60, 30} {
		fmt.Println("=====", w)
		Table(os.Stdout, launchDay(), TableOptions{Width: w, Color: w == 100})
	}
	HerdTable(os.Stdout, aHerd(), TableOptions{Width: 80})
}
