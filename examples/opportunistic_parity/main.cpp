// SPDX-License-Identifier: BSL-1.0
// At which bit error rate do trained networks begin to fail, and how much later with parity that
// costs no bits?
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "common/program.hpp"
#include "memories.hpp"
#include "options.hpp"
#include "output.hpp"
#include "study.hpp"
#include "subjects.hpp"

#include <upset/core/error.hpp>

using namespace upset;

namespace {

bool is_chosen(const std::vector<std::string>& chosen, const std::string& name) {
  return chosen.empty() || std::ranges::find(chosen, name) != chosen.end();
}

void run(const Options& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.out / "journals", problem);
  if (problem) {
    throw Error("--out: cannot make the folder " + (options.out / "journals").string() + ": " +
                problem.message() + "; choose another");
  }
  const std::vector<Choice> memories = all_memories();
  std::vector<Findings> findings;
  for (const std::string& name : subject_names()) {
    if (!is_chosen(options.networks, name)) {
      continue;
    }
    const Subject subject = load_subject(name, options.data, options.images);
    for (const Choice& memory : memories) {
      if (is_chosen(options.formats, memory.format) && is_chosen(options.guards, memory.guard)) {
        const Choice& unguarded = *std::ranges::find(memories, memory.format, &Choice::format);
        findings.push_back(study(options, subject, in_memory(subject, memory, unguarded), memory,
                                 [](const std::string& what) { std::cerr << what << '\n'; }));
      }
    }
  }
  write_results(options, findings);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("opportunistic_parity", [&] {
    run(read_options(argc, argv));
    return 0;
  });
}
