// Run while building: every model in the tree satisfies the schema, and no two of them answer to one name.
#include "device/chip.h"

#include <cstdio>
#include <map>

int main(int argc, char** argv) {
  std::map<std::string, std::string> owners;
  int wrong = 0;
  for (int i = 1; i < argc; i++) {
    const anywarp::Result<anywarp::device::Chip> chip = anywarp::device::load_chip(argv[i]);
    if (!chip) {
      fprintf(stderr, "%s\n", chip.error().text().c_str());
      wrong++;
      continue;
    }
    std::vector<std::string> names = chip->aliases;
    names.push_back(chip->name);
    for (const std::string& name : names) {
      const auto [owner, fresh] = owners.emplace(anywarp::device::folded_name(name), argv[i]);
      if (fresh || owner->second == argv[i]) continue;
      fprintf(stderr, "%s:1: the name '%s' is that of %s as well\n", argv[i], name.c_str(), owner->second.c_str());
      wrong++;
    }
  }
  return wrong == 0 ? 0 : 1;
}
