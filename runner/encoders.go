package runner

import (
	"compress/gzip"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/dram-go/dram/framework/asset"
)

// brotliLevel is the highest that a deploy does not have to wait for: 11 gains
// a few per cent more and takes ten times as long.
const brotliLevel = 9

// encoders are what static files are compressed with when they are published.
func encoders() []asset.Encoder {
	return []asset.Encoder{
		{Coding: "br", Encode: func(w io.Writer) (io.WriteCloser, error) {
			return brotli.NewWriterLevel(w, brotliLevel), nil
		}},
		{Coding: "zstd", Encode: func(w io.Writer) (io.WriteCloser, error) {
			// Browsers decode windows up to 8 MiB (RFC 9659).
			return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
		}},
		{Coding: "gzip", Encode: func(w io.Writer) (io.WriteCloser, error) {
			return gzip.NewWriterLevel(w, gzip.BestCompression)
		}},
	}
}
