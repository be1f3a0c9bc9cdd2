// SPDX-License-Identifier: BSL-1.0
#include "common/program.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <malloc.h>

#include <upset/core/error.hpp>

namespace {

/// Throws unless all that was printed is out: a full disk shows when the last of it is written.
void expect_printed() {
  if (!std::cout.flush()) {
    throw std::runtime_error(
        "what is printed could not be written; free some space, or print elsewhere");
  }
}

}  // namespace

void parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    const int status = app.exit(help);
    expect_printed();
    std::exit(status);
  } catch (const CLI::ParseError& error) {
    throw upset::Error(std::string(error.what()) + " (see --help)");
  }
}

std::string command_text(int argc, char** argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool plain = argument.find_first_of(" <>,*") == std::string::npos;
    text += (i == 0 ? "" : " ") + (plain ? argument : "'" + argument + "'");
  }
  return text;
}

int run_program(const std::string& name, const std::function<int()>& run) {
  // Activations of a batch are freed and asked for again all the time; giving their pages back to
  // the system in between doubles the time of a forward pass. 32 MiB is the most that glibc
  // takes; refused, it leaves the threshold at 128 KiB, and pages were 40 % of MobileNetV2's time.
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  try {
    const int status = run();
    expect_printed();
    return status;
  } catch (const upset::Error& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << name
              << ": there is too little memory for this; ask for fewer or smaller pictures, "
                 "or for fewer threads\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}
