// SPDX-License-Identifier: BSL-1.0
// At which bit error rate do trained networks begin to fail, and how much later with parity that
// costs no bits?
#include "common/program.hpp"
#include "options.hpp"
#include "output.hpp"
#include "study.hpp"

int main(int argc, char** argv) {
  return run_program("opportunistic_parity", [&] {
    const Options options = read_options(argc, argv);
    write_results(options, study(options));
    return 0;
  });
}
