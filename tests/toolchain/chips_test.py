"""`anywarp chips` as a user types it. What is expected of a chip is published; nothing is taken from the models' own files."""
import json
import unittest

from harness import Case

PLAN = 'name = "plan"\nvendor = "us"\nsource = "our plan"\nconfidence = "low"\n'


class Chips(Case):
    def chips(self, *words, **options):
        return self.anywarp("chips", *words, **options)

    def fails(self, *words):
        done = self.chips(*words, status=2)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith("anywarp chips: "), done.stderr)
        return done.stderr

    def exported(self, date, *words):
        found = json.loads(self.chips("--json", "--date", date, *words).stdout)["chips"]
        return {chip["name"]: chip["export"] for chip in found}

    def test_table(self):
        text = self.chips().stdout
        for word in ("H20-SXM5-96GB", "MI308X", "BR100", "Ascend-910C", "TPP", "class", "no legal advice", "dense"):
            self.assertIn(word, text)
        widths = {len(line.rstrip()) for line in text.split("\n")[:20]}
        self.assertEqual(len(widths), 1, "the last column is aligned")

    def test_json(self):
        found = json.loads(self.chips("--json", "--date", "2023-12-01").stdout)
        self.assertIn("no legal advice", found["notice"])
        chips = {chip["name"]: chip for chip in found["chips"]}
        self.assertEqual(len(chips), 24)
        h20 = chips["H20-SXM5-96GB"]
        self.assertEqual((h20["vendor"], h20["sm_count"], h20["memory_gb_s"], h20["tensor_mhz"]), ("NVIDIA", 78, 4000, None))
        export = h20["export"]
        self.assertEqual(list(export)[:5], ["tpp", "pd", "class", "rule", "date"])
        self.assertEqual((export["tpp"], export["pd"], export["class"], export["date"]), (2368, 2.91, "none", "2023-12-01"))
        self.assertEqual((export["type"], export["sparsity"]), ("fp8", "dense"))
        h100 = chips["H100-SXM5-80GB"]["export"]
        self.assertEqual((h100["tpp"], h100["pd"], h100["class"]), (15832, 19.45, "3A090.a"))
        self.assertIn("88 FR 73458", h100["rule"])
        self.assertEqual(chips["MI300X"]["warp_size"], 64)
        self.assertIsNone(chips["Kunlun2-R200"]["export"]["pd"])
        self.assertEqual(chips["Kunlun2-R200"]["export"]["missing"], ["die_mm2"])

    def test_classes_follow_the_date(self):
        self.assertEqual(self.exported("2022-10-06", "A100")["A100-SXM4-80GB"], self.exported("2022-10-06", "a100")["A100-SXM4-80GB"])
        self.assertIsNone(self.exported("2022-10-06", "A100")["A100-SXM4-80GB"]["rule"])
        self.assertEqual(self.exported("2022-10-07", "A100")["A100-SXM4-80GB"]["class"], "3A090")
        self.assertEqual(self.exported("2023-06-01", "A800")["A800-SXM4-80GB"]["class"], "none")
        self.assertEqual(self.exported("2023-12-01", "A800")["A800-SXM4-80GB"]["class"], "3A090.a")
        self.assertEqual(self.exported("2025-05-01", "H20")["H20-SXM5-96GB"]["class"], "letter")

    def test_one_chip_with_sources(self):
        text = self.chips("h20").stdout
        self.assertRegex(text, r"(?m)^  memory_gb_s +4000 +GB/s +medium +\S+")
        self.assertRegex(text, r"(?m)^  fp32_tflops +44 +TFLOPS +low +.*39\.5")
        self.assertIn("no legal advice", text)
        figures = json.loads(self.chips("H20", "--json").stdout)["chips"][0]["figures"]
        for name, figure in figures.items():
            self.assertEqual(list(figure), ["value", "unit", "source", "confidence"], name)
            self.assertTrue(figure["source"], name)
            self.assertIn(figure["confidence"], ("high", "medium", "low"))
        self.assertIn("not known: ", self.chips("MLU590").stdout)

    def test_compare(self):
        text = self.chips("--compare", "H20", "H100").stdout
        self.assertRegex(text, r"(?m)^sm_count +78 +132 +1\.69$")
        found = json.loads(self.chips("--compare", "H20", "H100", "--json").stdout)
        self.assertEqual(found["ratio"]["memory_gb_s"], 0.8375)
        self.assertIn("--compare needs two chips, yet 1 was named", self.fails("--compare", "H20"))
        self.assertIn("yet 3 were named", self.fails("--compare", "H20", "H100", "A100"))

    def test_a_file_of_ones_own(self):
        self.write("my.toml", PLAN + "fp16_tflops = 148\ndie_mm2 = 800\ndata_center = true\n")
        for words in (["my.toml"], ["./my.toml"], ["--chip", "my.toml"], ["--chip=my.toml"]):
            self.assertEqual(self.exported("2023-12-01", *words)["plan"]["tpp"], 2368)
        self.assertEqual(list(self.exported("2023-12-01", "--chip", "H20,my.toml")), ["H20-SXM5-96GB", "plan"])
        self.assertRegex(self.chips("--compare", "H20", "my.toml").stdout, r"(?m)^fp16_tflops +TFLOPS +148 +148~ +1\.00$")

    def test_what_is_wrong_is_named(self):
        self.assertIn("did you mean 'H100'?", self.fails("H1O0"))
        self.assertIn("`anywarp chips` lists", self.fails("bananas"))
        self.assertIn("did you mean '--json'?", self.fails("--jsno"))
        self.assertIn("--date needs a value", self.fails("--date"))
        self.assertIn("'yesterday' is no date; it is written YYYY-MM-DD", self.fails("--date", "yesterday"))
        self.assertIn("there is no day '2023-02-29'", self.fails("--date=2023-02-29"))
        self.assertIn("no chip is called ''", self.fails("--chip", "H20,"))
        self.assertIn("none.toml: the chip's file cannot be read: No such file", self.fails("none.toml"))
        self.assertIn("it is a directory", self.fails("./"))
        self.write("bad.toml", PLAN + "sm_count = 0\n")
        self.assertIn("bad.toml:5:12: sm_count is 0, but must be from 1 to 100000", self.fails("bad.toml"))
        self.write("bad.toml", PLAN + "sm_cont = 1\n")
        self.assertIn("bad.toml:5:1: the schema of chips has no field 'sm_cont'; did you mean 'sm_count'?", self.fails("bad.toml"))
        self.write("bad.toml", PLAN + "sm_count = \n")
        self.assertIn("bad.toml:5:", self.fails("bad.toml"))


if __name__ == "__main__":
    unittest.main()
