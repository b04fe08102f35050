"""Every example runs, checks itself and says how fast it was; its --help works and a wrong option is refused."""
import struct
import unittest
import zlib

from harness import ROOT, Case

# Small enough for a slow machine.
ARGUMENTS = {
    "histogram": ["--megabytes", "2"],
    "image_filter": ["--output", "filtered.png"],
    "life": ["--width", "512", "--height", "256", "--generations", "60"],
    "mandelbrot": ["--width", "320", "--height", "200", "--iterations", "300", "--output", "mandelbrot.png"],
    "matmul": ["--n", "256", "--repeats", "2"],
    "nbody": ["--bodies", "512", "--steps", "20"],
    "reduction": ["--n", "1000003", "--repeats", "2"],
    "transformer": ["--layers", "2", "--heads", "4", "--tokens", "33", "--generate", "3"],
}


def png_size(data):
    """Width and height of a PNG; every chunk's checksum must be right and its image data must unpack."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    at, packed, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] != zlib.crc32(kind + body):
            raise ValueError(f"the checksum of {kind} is wrong")
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    if len(zlib.decompress(packed)) != size[1] * (1 + 3 * size[0]):
        raise ValueError("the image data has the wrong size")
    return size


class Examples(Case):
    def test_all_are_listed(self):
        folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
        self.assertEqual(folders, set(ARGUMENTS))
        readme = (ROOT / "README.md").read_text()
        for name in folders:
            self.assertIn(f"examples/{name}/{name}.cu", readme)

    def run_example(self, name):
        path = ROOT / f"examples/{name}/{name}.cu"
        program = self.folder / name
        self.nvcc("-O2", "-o", program, path)
        text = self.run_command(program, *ARGUMENTS[name]).stdout
        self.assertRegex(text, r"\d (G|M)?[\w/ ]+/s")
        self.assertRegex(text, r": right\n$")
        self.assertIn("usage:", self.run_command(program, "--help").stdout)
        self.assertIn("unknown option '--bananas'", self.run_command(program, "--bananas", status=2).stderr)
        return program, text

    def test_images(self):
        self.run_example("mandelbrot")
        self.assertEqual(png_size((self.folder / "mandelbrot.png").read_bytes()), (320, 200))
        program, _ = self.run_example("image_filter")
        for name in ("blur", "edges"):
            self.run_command(program, "--filter", name, "--output", f"{name}.png", "mandelbrot.png")
            self.assertEqual(png_size((self.folder / f"{name}.png").read_bytes()), (320, 200))
        self.assertIn("cannot be read", self.run_command(program, "none.jpg", status=1).stderr)
        self.assertIn("there is no filter 'x'", self.run_command(program, "--filter", "x", status=2).stderr)
        self.assertIn("cannot be written", self.run_command(program, "--output", "no/such/folder.png", status=1).stderr)


for example in ARGUMENTS:
    if example not in ("mandelbrot", "image_filter"):
        setattr(Examples, f"test_{example}", lambda self, name=example: self.run_example(name))

if __name__ == "__main__":
    unittest.main()
