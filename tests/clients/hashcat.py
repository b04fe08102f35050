"""hashcat: kernels from OpenCL C through NVRTC, linked and run. Each mode tests itself with a known hash before it begins; and hashes
of words that a mask finds are cracked."""
import concurrent.futures
import hashlib
import os
import re

from checks import Checks

# The answer is a word that the mask ?l?l?l?d has. NTLM is MD4 of UTF-16, which OpenSSL has given up: computed once.
WORD, MASK = "abc7", "?l?l?l?d"
CRACKS = {
    "MD5": (0, hashlib.md5(WORD.encode()).hexdigest(), MASK),
    "SHA1": (100, hashlib.sha1(WORD.encode()).hexdigest(), MASK),
    "SHA2-256": (1400, hashlib.sha256(WORD.encode()).hexdigest(), MASK),
    "NTLM": (1000, "b4b9b02e6f09a9bd760f388b67351e2b", "hashca?l"),
    "bcrypt": (3200, "$2a$05$MBCzKhG1KhezLh.0LRa0Kuw12nLJtpHy6DIaU.JAnqJUDYspHC.Ou", "hashca?l"),
}
ANSWERS = {"NTLM": "hashcat", "bcrypt": "hashcat"}


class Hashcat(Checks):
    def hashcat(self, mode, target, mask, *words, timeout):
        out = self.folder / f"{mode}.out"
        done = self.run("hashcat", "-m", mode, "-a", "3", "--backend-ignore-opencl", "--potfile-disable", "--quiet", "--session", f"m{mode}",
                        "--hwmon-disable", "--deprecated-check-disable", "-o", out, "--outfile-format", "2", *words, target, mask, timeout=timeout)
        found = out.read_text(errors="replace").strip() if out.exists() else ""
        return done, found

    def crack(self, name):
        mode, target, mask = CRACKS[name]
        done, found = self.hashcat(mode, target, mask, timeout=600)
        if found != ANSWERS.get(name, WORD):
            return f"found '{found}', status {done.returncode}: {(done.stdout + done.stderr).strip()[-400:]}"

    def self_test(self, mode, target):
        """One candidate, so that little is run beside the self-test; what decides is what hashcat says of that."""
        done, _ = self.hashcat(mode, target, "hashcat1", "-n", "1", "-u", "1", "--force", timeout=1800)
        said = done.stdout + done.stderr
        # 0: cracked, 1: exhausted. All else is an error, such as a kernel that cannot be built, or the self-test's.
        if done.returncode not in (0, 1) or "self-test failed" in said:
            return f"status {done.returncode}: " + said.strip().replace("\n", " | ")[-400:]


def modes(client):
    """number -> its example hash as hashcat tells it; bytes where hashcat wants a file."""
    found, mode, is_file = {}, None, False
    for line in client.run("hashcat", "--hash-info", timeout=600).stdout.splitlines():
        if begun := re.match(r"Hash mode #(\d+)", line):
            mode, is_file = int(begun[1]), False
            found[mode] = None
        elif form := re.match(r"\s+Example\.Hash\.Format\.*:\s(.*)", line):
            is_file = "hex-encoded" in form[1]
        elif example := re.match(r"\s+Example\.Hash\.*:\s(.*)", line):
            text = example[1].strip()
            if is_file and re.fullmatch(r"([0-9a-fA-F]{2})+", text):
                found[mode] = bytes.fromhex(text)
            elif not is_file and text != "N/A":
                found[mode] = text
    return found


def main():
    client = Hashcat("hashcat", __doc__)
    client.need_debian("hashcat", "hashcat", "hashcat-data")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        client.environment[name] = str(client.folder / name)
        os.makedirs(client.environment[name], exist_ok=True)
    # Our own cache of compiled kernels stays where it is.
    client.environment.setdefault("ANYWARP_CACHE_PATH", os.path.expanduser(os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/anywarp"))
    for name in CRACKS if not client.fast else ("MD5", "NTLM"):
        client.check(f"crack {name}", client.crack, name)
    if not client.fast:
        def test(mode, example):
            if isinstance(example, bytes):
                file = client.folder / f"{mode}.hash"
                file.write_bytes(example)
                example = file
            client.check(f"self-test of mode {mode}", client.self_test, mode, example)

        with concurrent.futures.ThreadPoolExecutor(client.options.processes) as pool:
            for mode, example in sorted(modes(client).items()):
                if example is None:
                    client.skip(f"self-test of mode {mode}", "hashcat shows no example of its hashes")
                else:
                    pool.submit(test, mode, example)
    client.end()


if __name__ == "__main__":
    main()
