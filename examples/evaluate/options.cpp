// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "common/command_line.hpp"
#include "common/program.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>

using namespace upset;

Options read_options(int argc, char** argv) {
  Options options;
  CLI::App app("How well does a trained network answer, in any format?");
  add_options(app, options.subject);
  app.get_option("--dataset")
      ->description(app.get_option("--dataset")->get_description() +
                    "; or masks:LIST, a text file with a picture and its mask on each line, whose "
                    "grey levels are classes");
  const auto add_count = [&app](const char* name, auto& value, const std::string& text) {
    return app.add_option(name, value, text)->check(whole_number)->capture_default_str();
  };
  add_count("--images", options.images, "pictures, the first of the test set; 0: all");
  add_count("--threads", options.threads, "threads; 0: one per core");
  app.add_option("--logits", options.logits, "NPY file to write the logits to, [images, classes]");
  parse_command_line(app, argc, argv);
  const SubjectOptions& subject = options.subject;
  if (subject.dataset.starts_with("masks:") &&
      (!options.logits.empty() || subject.background > 0 || subject.size > 0)) {
    throw Error("--logits, --background, --size: of pictures with masks there are none");
  }
  check(subject);
  return options;
}
