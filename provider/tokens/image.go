package tokens

import (
	"encoding/base64"
	"encoding/json"
	"image"
	_ "image/gif" // for image.DecodeConfig
	_ "image/jpeg"
	_ "image/png"
	"math"
	"strings"

	_ "golang.org/x/image/webp"
)

// assumed is the side of an image of which only the address is known.
const assumed = 1024

// imageURL counts an image of OpenAI's chats or responses.
func (s sizing) imageURL(p *part) {
	var url string
	if json.Unmarshal(p.ImageURL, &url) != nil {
		var o struct{ URL, Detail string }
		if json.Unmarshal(p.ImageURL, &o) == nil {
			url, p.Detail = o.URL, o.Detail
		}
	}
	data := ""
	if _, encoded, ok := strings.Cut(url, ";base64,"); ok && strings.HasPrefix(url, "data:") {
		data = encoded
	}
	s.image(data, p.Detail)
}

// image counts an image by its content in base64, which is empty if only its address is known.
func (s sizing) image(data, detail string) {
	s.Images++
	width, height := assumed, assumed
	known := false
	if data != "" {
		config, _, err := image.DecodeConfig(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
		if err == nil && config.Width > 0 && config.Height > 0 {
			width, height, known = config.Width, config.Height, true
		}
	}
	n, rule := ImageTokens(s.Model, width, height, detail)
	if !rule || !known && detail != "low" {
		s.Guesses |= ImageGuess
	}
	s.Prompt += n
}

// imageRule is how OpenAI counts images: by tiles of 512 pixels, or by patches of 32 pixels.
type imageRule struct {
	prefix     string
	base, tile int
	patch      float64 // tokens of a patch; 0 = by tiles
	most       int     // patches; larger images are scaled down
}

// The rules of OpenAI's models, the longer prefix first. Source: OpenAI's guide on images and
// vision, as quoted by the packages openai-image-token-counter and image-token-meter; gpt-4.1
// itself is counted by tiles. The last is observed: huggingface.co/datasets/JOHNISKING/image-token-cost.
func imageRules() []imageRule {
	return []imageRule{
		{prefix: "gpt-4o-mini", base: 2833, tile: 5667},
		{prefix: "gpt-4.1-mini", patch: 1.62, most: 1536},
		{prefix: "gpt-4.1-nano", patch: 2.46, most: 1536},
		{prefix: "o4-mini", patch: 1.72, most: 1536},
		{prefix: "gpt-5-mini", patch: 1.62, most: 1536},
		{prefix: "gpt-5-nano", patch: 2.46, most: 1536},
		{prefix: "gpt-5.", patch: 1.2, most: 2500},
		{prefix: "gpt-5", base: 70, tile: 140},
		{prefix: "gpt-4", base: 85, tile: 170},
		{prefix: "chatgpt-4o", base: 85, tile: 170},
		{prefix: "o1", base: 75, tile: 150},
		{prefix: "o3", base: 75, tile: 150},
		{prefix: "computer-use", base: 65, tile: 129},
		{prefix: "", patch: 1.2, most: 2500},
	}
}

// ImageTokens returns what an image of so many pixels costs a model, and whether the vendor
// publishes the rule. Detail is OpenAI's: low, high, auto or empty.
func ImageTokens(model string, width, height int, detail string) (tokens int, rule bool) {
	model = bare(model)
	r := RatioOf(model)
	switch {
	case strings.HasPrefix(r.Family, "Claude"):
		return claudeImage(width, height, r.Family == newerClaude().Family), true
	case r.Family == "Gemini":
		return geminiImage(width, height), !strings.HasPrefix(model, "gemini-3")
	}
	for _, i := range imageRules() {
		if !strings.HasPrefix(model, i.prefix) {
			continue
		}
		if i.patch > 0 {
			return int(math.Ceil(float64(patches(width, height, i.most))*i.patch - 1e-9)), r.Published && i.most == 1536
		}
		if detail == "low" {
			return i.base, true
		}
		return i.base + i.tile*tiles(width, height), true
	}
	return 0, false
}

// tiles returns how many squares of 512 pixels cover an image that was scaled down to fit a
// square of 2,048 pixels, and then until its shorter side has 768.
func tiles(width, height int) int {
	w, h := float64(width), float64(height)
	scale := min(1, 2048/max(w, h))
	scale = min(scale, 768/min(w, h))
	side := func(x float64) int { return int(math.Ceil(math.Floor(x*scale+1e-6) / 512)) }
	return max(1, side(w)) * max(1, side(h))
}

// patches returns how many squares of 32 pixels cover an image that was scaled down until they
// are not more than most.
func patches(width, height, most int) int {
	cover := func(x float64) int { return int(math.Ceil(x/32 - 1e-9)) }
	w, h := float64(width), float64(height)
	if n := cover(w) * cover(h); n <= most {
		return n
	}
	scale := math.Sqrt(32 * 32 * float64(most) / (w * h))
	across, down := w*scale/32, h*scale/32
	scale *= min(math.Floor(across)/across, math.Floor(down)/down)
	return min(most, cover(w*scale)*cover(h*scale))
}

// claudeImage is a token for 750 pixels of an image that was scaled down to fit. Source: Anthropic's
// page on vision: 1,568 pixels on the long edge and about 1,600 tokens; since Opus 4.7 2,576 pixels and
// 4,784 tokens.
func claudeImage(width, height int, newer bool) int {
	edge, most := 1568.0, 1600.0
	if newer {
		edge, most = 2576, 4784
	}
	w, h := float64(width), float64(height)
	scale := min(1, edge/max(w, h))
	return int(math.Ceil(min(most, w*h*scale*scale/750) - 1e-9))
}

// geminiImage is 258 tokens for a small image, else for each tile of 768 pixels. Source:
// ai.google.dev/gemini-api/docs/tokens.
func geminiImage(width, height int) int {
	const small, tile, each = 384, 768, 258
	if width <= small && height <= small {
		return each
	}
	return each * ((width + tile - 1) / tile) * ((height + tile - 1) / tile)
}
