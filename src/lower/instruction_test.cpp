#include "lower/instruction_test.h"

namespace anywarp::lower {

void run(const Check& check) {
  SCOPED_TRACE(check.body);
  static Machine* machine = new Machine();
  constexpr const char* kNames[] = {"a", "b", "c", "e", "f"};
  std::string text =
      ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n  .reg .pred %p<10>;\n  .reg .b32 %t<10>;\n  .reg .b64 %w<10>;\n"
      "  .reg .b16 %h<10>;\n  .reg .f32 %x<10>;\n  .reg .b64 %in, %out;\n";
  text += std::string("  .reg .") + check.result_reg + " d;\n";
  for (size_t i = 0; i < check.regs.size(); ++i) text += std::string("  .reg .") + check.regs[i] + " " + kNames[i] + ";\n";
  text += "  ld.param.u64 %in, [in];\n  ld.param.u64 %out, [out];\n";
  for (size_t i = 0; i < check.regs.size(); ++i)
    text += std::string("  ld.global.") + check.moves[i] + " " + kNames[i] + ", [%in+" + std::to_string(16 * i) + "];\n";
  text += "  " + check.body + "\n  st.global." + check.result_move + " [%out], d;\n  ret;\n}\n";
  for (bool optimised : {false, true}) {
    Machine::Kernel kernel = machine->compile(module_text(text), "k", optimised);
    if (!kernel) return;
    Samples random(check.regs.size());
    for (int i = 0; i < check.samples; ++i) {
      alignas(16) char in[16 * 5] = {};
      alignas(16) char out[16] = {};
      check.draw(random, in);
      const void* params[] = {in, out};
      kernel(params);
      if (std::string wrong = check.judge(in, out); !wrong.empty()) {
        ADD_FAILURE() << (optimised ? "optimised: " : "") << wrong;
        return;
      }
    }
  }
}

}  // namespace anywarp::lower
