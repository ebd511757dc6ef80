package picture

import (
	"image/color"

	"ratesim/reports/chart"
)

// The colours are those of the light page. Each means one thing: blue the chosen
// strategy, green the best of those that cost less, orange a 429, purple another
// failure, grey what was answered.

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func paper() color.NRGBA  { return rgb(0xffffff) }
func ink() color.NRGBA    { return rgb(0x1b1f24) }
func muted() color.NRGBA  { return rgb(0x5b6470) }
func grid() color.NRGBA   { return rgb(0xe8ebee) }
func band() color.NRGBA   { return rgb(0xf4f6f8) }
func others() color.NRGBA { return rgb(0x99a3ad) }
func blue() color.NRGBA   { return rgb(0x0067a8) }
func green() color.NRGBA  { return rgb(0x00795b) }

// pale is the colour of a stretch of an axis that is of note.
func pale() color.NRGBA { return rgb(0xe3eef6) }

// area is the colour of what is asked of a limit.
func area() color.NRGBA { return rgb(0xc5ccd3) }

// kindColour is the colour of attempts and calls by what became of them.
func kindColour(k chart.Kind) color.NRGBA {
	switch k {
	case chart.Rejected:
		return rgb(0xd55e00)
	case chart.Lost:
		return rgb(0x8a4b9c)
	case chart.GivenUp:
		return ink()
	}
	return rgb(0x8b95a0)
}

// rejectedShades are the steps of 429s a second, lostShades those of other failures.
func rejectedShades() []color.NRGBA {
	return []color.NRGBA{rgb(0xfbd9c0), rgb(0xf5a97f), rgb(0xe0702f), rgb(0xb44a00), rgb(0x6e2900)}
}

func lostShades() []color.NRGBA {
	return []color.NRGBA{rgb(0xe6d5ec), rgb(0xc9a5d4), rgb(0xa56fb5), rgb(0x7a3b8c), rgb(0x45194f)}
}

// roleColour is the colour of a name and of the marks in its row.
func roleColour(r chart.Role) color.NRGBA {
	switch r {
	case chart.Chosen:
		return blue()
	case chart.Cheaper:
		return green()
	}
	return ink()
}

// lineColour is the colour of a line in a plot of many.
func lineColour(r chart.Role) color.NRGBA {
	switch r {
	case chart.Chosen, chart.Cheaper, chart.Bound, chart.Limit:
		return roleColour(r)
	}
	return others()
}

// mixed is a colour over paper, seen through: share 1 is the colour itself.
func mixed(c color.NRGBA, share float64) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8(255 - share*(255-float64(v)) + 0.5) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}
