package picture

import (
	"image/color"
	"math"
	"testing"

	"ratesim/reports/chart"
)

// linear turns an sRGB value into light (IEC 61966-2-1).
func linear(v uint8) float64 {
	x := float64(v) / 255
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

func luminance(c color.NRGBA) float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// contrast is that of WCAG 2.2.
func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// deuteranopia is how light looks without the middle cones (Machado, Oliveira and
// Fernandes, IEEE TVCG 15, 2009, severity 1).
func deuteranopia(r, g, b float64) (float64, float64, float64) {
	return 0.367322*r + 0.860646*g - 0.227968*b, 0.280085*r + 0.672501*g + 0.047413*b, -0.011820*r + 0.042940*g + 0.968881*b
}

// lab is CIELAB under D65.
func lab(r, g, b float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*r + 0.3575761*g + 0.1804375*b) / 0.95047)
	y := f(0.2126729*r + 0.7151522*g + 0.0721750*b)
	z := f((0.0193339*r + 0.1191920*g + 0.9503041*b) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// apartFor is the distance of two colours for those who see them so (CIE 1976).
func apartFor(see func(r, g, b float64) (float64, float64, float64), a, b color.NRGBA) float64 {
	of := func(c color.NRGBA) [3]float64 { return lab(see(linear(c.R), linear(c.G), linear(c.B))) }
	x, y := of(a), of(b)
	return math.Sqrt(math.Pow(x[0]-y[0], 2) + math.Pow(x[1]-y[1], 2) + math.Pow(x[2]-y[2], 2))
}

func TestContrast(t *testing.T) {
	if c := contrast(rgb(0x777777), paper()); math.Abs(c-4.48) > 0.01 { // a known value
		t.Fatalf("grey 777 on white: %v, want 4.48", c)
	}
	for name, c := range map[string]color.NRGBA{"ink": ink(), "muted": muted(), "blue": blue(), "green": green()} {
		for _, on := range []color.NRGBA{paper(), band()} {
			if r := contrast(c, on); r < 4.5 {
				t.Errorf("text in %s: %.2f to 1, want 4.5", name, r)
			}
		}
	}
	for _, k := range []chart.Kind{chart.Admitted, chart.Rejected, chart.Lost, chart.GivenUp} {
		if r := contrast(kindColour(k), paper()); r < 3 {
			t.Errorf("marks of kind %d: %.2f to 1, want 3", k, r)
		}
	}
}

// Colours that stand for different things differ, also without the middle cones. Twenty
// is far more than can be overlooked side by side, which is about two.
func TestColoursAreToldApart(t *testing.T) {
	same := func(r, g, b float64) (float64, float64, float64) { return r, g, b }
	if d := apartFor(deuteranopia, rgb(0xff0000), rgb(0x8b7700)); d > 25 { // red and olive look alike to them
		t.Fatalf("red and olive are %v apart under deuteranopia", d)
	}
	sets := map[string][]color.NRGBA{
		"kinds":     {kindColour(chart.Admitted), kindColour(chart.Rejected), kindColour(chart.Lost), kindColour(chart.GivenUp)},
		"roles":     {roleColour(chart.Other), roleColour(chart.Chosen), roleColour(chart.Cheaper)},
		"lines":     {lineColour(chart.Other), lineColour(chart.Chosen), lineColour(chart.Cheaper), lineColour(chart.Limit)},
		"429s":      {rejectedShades()[2], lostShades()[2]},
		"few, many": {rejectedShades()[0], rejectedShades()[4], lostShades()[0], lostShades()[4]},
	}
	for name, set := range sets {
		for i := range set {
			for _, o := range set[:i] {
				for how, see := range map[string]func(r, g, b float64) (float64, float64, float64){"with all cones": same, "under deuteranopia": deuteranopia} {
					if d := apartFor(see, set[i], o); d < 20 {
						t.Errorf("%s: %v and %v are %.0f apart %s", name, set[i], o, d, how)
					}
				}
			}
		}
	}
}

// More a second is darker, also in grey print.
func TestShadesDarken(t *testing.T) {
	for name, shades := range map[string][]color.NRGBA{"429s": rejectedShades(), "other failures": lostShades(), "given up": givenUpShades()} {
		for i, c := range shades[1:] {
			if luminance(c) > 0.75*luminance(shades[i]) {
				t.Errorf("%s: step %d is hardly darker than step %d", name, i+1, i)
			}
		}
	}
	if len(givenUpEdges()) != len(givenUpShades()) {
		t.Error("not a shade for each level")
	}
}

func TestLevel(t *testing.T) {
	edges, shades := []float64{0.1, 1, 3, 10, 30}, rejectedShades()
	for v, want := range map[float64]color.NRGBA{0: {}, 0.09: {}, 0.1: shades[0], 2.9: shades[1], 29: shades[3], 1e9: shades[4]} {
		if got := level(v, edges, shades); got != want {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}
