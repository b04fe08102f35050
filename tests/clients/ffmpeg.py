"""ffmpeg: its CUDA filters, whose PTX lies compressed in libavfilter, against its own filters for the CPU.

What two implementations of a filter do alike is a matter of degree, so pictures are compared by PSNR; the limits say how far the two
are apart on a GPU as well (the scalers of both have different phases and roundings), and a broken kernel stays far below them.
"""
import re
import sys
import zlib

from checks import Checks

SOURCE = "testsrc2=size=640x360:rate=10:duration=0.3"
CUDA = ["-init_hw_device", "cuda"]


class Ffmpeg(Checks):
    def ffmpeg(self, *words, timeout=300):
        done = self.run("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *words, timeout=timeout)
        return None if done.returncode == 0 else (done.stderr.strip() or "ended with an error").replace("\n", " | ")[:600]

    def video(self, name, inputs, graph, pixels):
        """Runs a graph whose result is raw video of that pixel format. Returns what is wrong."""
        words = [word for source in inputs for word in ("-f", "lavfi", "-i", source)]
        return self.ffmpeg(*CUDA, *words, "-filter_complex", graph, "-pix_fmt", pixels, "-f", "rawvideo", self.folder / name)

    def psnr(self, first, second, size, pixels):
        """The worst frame's average PSNR of two raw videos; 'inf' where they are the same."""
        raw = ["-f", "rawvideo", "-s", size, "-pix_fmt", pixels]
        done = self.run("ffmpeg", "-nostdin", "-hide_banner", *raw, "-i", first, *raw, "-i", second, "-lavfi", "psnr", "-f", "null", "-")
        found = re.search(r"PSNR .*min:(\S+)", done.stderr)
        return float(found[1]) if found else 0.0

    def compare(self, name, limit, size, cuda, cpu, inputs=(SOURCE,), pixels="yuv420p"):
        def test():
            wrong = self.video("cuda.yuv", inputs, cuda, pixels) or self.video("cpu.yuv", inputs, cpu, pixels)
            if wrong:
                return wrong
            if (self.folder / "cuda.yuv").stat().st_size != (self.folder / "cpu.yuv").stat().st_size:
                return "the results have different lengths"
            measured = self.psnr("cuda.yuv", "cpu.yuv", size, pixels)
            self.measured.append(f"{name} {measured:.1f} dB")
            return None if measured >= limit else f"PSNR {measured:.2f} dB, below {limit}"

        self.check(name, test)


def up(pixels, more=""):
    return f"format={pixels},hwupload_cuda,{more}hwdownload,format={pixels}"


def scaling(client):
    sizes = ["320x180", "1280x720"] if not client.fast else ["320x180"]
    formats = ["yuv420p", "nv12", "yuv444p", "p010le", "yuv444p16le"] if not client.fast else ["yuv420p"]
    # CUDA's filter takes a fixed number of texels where swscale widens its filter to shrink; nearest has no filter that could hide a shift.
    limits = {"nearest": 18, "bilinear": 28, "bicubic": 28, "lanczos": 28}
    for size in sizes:
        w, h = size.split("x")
        for pixels in formats:
            for how in limits:
                cpu = "neighbor" if how == "nearest" else how
                client.compare(f"scale_cuda {how} {size} {pixels}", limits[how], size,
                               f"format={pixels},hwupload_cuda,scale_cuda={w}:{h}:interp_algo={how},hwdownload,format={pixels}",
                               f"format={pixels},scale={w}:{h}:flags={cpu}", pixels=pixels)
    if not client.fast:
        for source, target in (("yuv420p", "nv12"), ("nv12", "yuv420p"), ("yuv420p", "yuv444p"), ("p010le", "nv12")):
            client.compare(f"scale_cuda {source} to {target}", 28, "320x180",
                           f"format={source},hwupload_cuda,scale_cuda=320:180:format={target},hwdownload,format={target}",
                           f"format={source},scale=320:180:flags=bicubic,format={target}", pixels=target)


def filters(client):
    client.compare("hwupload and hwdownload", 99, "640x360", up("yuv420p"), "format=yuv420p")
    interlaced = ",setfield=tff,"
    for mode in ("send_frame", "send_field", "send_frame_nospatial", "send_field_nospatial") if not client.fast else ("send_frame", "send_field"):
        client.compare(f"yadif_cuda {mode}", 45, "640x360",
                       f"format=yuv420p{interlaced}hwupload_cuda,yadif_cuda=mode={mode},hwdownload,format=yuv420p",
                       f"format=yuv420p{interlaced}yadif=mode={mode}")
    # Both take the frame whose histogram is nearest to the mean.
    moving = "testsrc2=size=320x180:rate=10:duration=2"
    client.compare("thumbnail_cuda", 99, "320x180", "format=yuv420p,hwupload_cuda,thumbnail_cuda=n=10,hwdownload,format=yuv420p",
                   "format=yuv420p,thumbnail=n=10", inputs=[moving])
    colours = "color=c=0x00ff00:size=640x360:rate=10:duration=0.2,format=yuv420p,drawbox=x=100:y=80:w=300:h=200:color=red:t=fill,format=yuv420p"
    # CUDA's filter reads between texels (at whole numbers, interpolating), so each edge of the box is a mean of both sides, on a GPU too.
    client.compare("chromakey_cuda", 26, "640x360", "format=yuv420p,hwupload_cuda,chromakey_cuda=0x00ff00:0.1:0.1,hwdownload,format=yuva420p",
                   "format=yuva420p,chromakey=0x00ff00:0.1:0.1", inputs=[colours], pixels="yuva420p")
    over = "testsrc=size=160x120:rate=10:duration=0.2"
    client.compare("overlay_cuda", 45, "640x360",
                   "[0]format=yuv420p,hwupload_cuda[a];[1]format=yuv420p,hwupload_cuda[b];[a][b]overlay_cuda=x=100:y=50,hwdownload,format=yuv420p",
                   "[0]format=yuv420p[a];[1]format=yuv420p[b];[a][b]overlay=x=100:y=50:format=yuv420", inputs=[SOURCE, over])


COMPILE = r"""
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
def ok(code, what):
    if code: raise SystemExit(f"{what}: {code}")
context, device = ctypes.c_void_p(), ctypes.c_int()
ok(cuda.cuInit(0), "cuInit"); ok(cuda.cuDeviceGet(ctypes.byref(device), 0), "cuDeviceGet")
ok(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device), "retain"); ok(cuda.cuCtxSetCurrent(context), "current")
for path in sys.argv[1:]:
    module, count = ctypes.c_void_p(), ctypes.c_uint()
    ok(cuda.cuModuleLoadData(ctypes.byref(module), open(path, "rb").read() + b"\0"), path)
    ok(cuda.cuModuleGetFunctionCount(ctypes.byref(count), module), path)
    functions = (ctypes.c_void_p * count.value)()
    ok(cuda.cuModuleEnumerateFunctions(functions, count, module), path)
    for function in functions:
        function, name = ctypes.c_void_p(function), ctypes.c_char_p()
        cuda.cuFuncGetName(ctypes.byref(name), function)
        end = i = 0
        offset, size = ctypes.c_size_t(), ctypes.c_size_t()
        while cuda.cuFuncGetParamInfo(function, ctypes.c_size_t(i), ctypes.byref(offset), ctypes.byref(size)) == 0:
            end, i = offset.value + size.value, i + 1
        # Pictures of no size: each kernel is compiled, and ends at once.
        zeros, bytes_ = ctypes.create_string_buffer(max(end, 1)), ctypes.c_size_t(end)
        extra = (ctypes.c_void_p * 5)(1, ctypes.addressof(zeros), 2, ctypes.addressof(bytes_), 0)
        code = cuda.cuLaunchKernel(function, 1, 1, 1, 32, 16, 1, 0, None, None, extra) or cuda.cuCtxSynchronize()
        print(name.value.decode(), code, flush=True)
        if code: sys.exit(1)
"""


def entries(client):
    """Every kernel in libavfilter is compiled."""
    linked = client.run("ldd", "/usr/bin/ffmpeg").stdout
    library = re.search(r"libavfilter\S* => (\S+)", linked)
    if not library:
        client.skip("every PTX entry", "ffmpeg has libavfilter in itself")
        return
    data = open(library[1], "rb").read()
    files = []
    for found in re.finditer(b"\x1f\x8b\x08", data):
        try:
            text = zlib.decompressobj(wbits=31).decompress(data[found.start():])
        except zlib.error:
            continue
        if b".visible .entry" in text:
            files.append(client.folder / f"{len(files)}.ptx")
            files[-1].write_bytes(text.rstrip(b"\0"))
    wanted = sum(len(re.findall(rb"\.visible \.entry", file.read_bytes())) for file in files)

    def test():
        done = client.run(sys.executable, "-c", COMPILE, *files, timeout=3000)
        right = sum(line.endswith(" 0") for line in done.stdout.splitlines())
        client.measured.append(f"{right} of {wanted} entries compile")
        if right != wanted or wanted == 0 or done.returncode != 0:
            return f"{right} of {wanted} entries; {done.stdout.splitlines()[-1:]} {done.stderr[-300:]}"

    client.check("every PTX entry compiles", test)


def main():
    client = Ffmpeg("ffmpeg", __doc__)
    client.measured = []
    client.need_debian("ffmpeg", "ffmpeg")
    scaling(client)
    filters(client)
    if not client.fast:
        entries(client)
    if client.measured:
        print("; ".join(client.measured))
    client.end()


if __name__ == "__main__":
    main()
