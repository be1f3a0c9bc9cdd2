// SPDX-License-Identifier: BSL-1.0
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <upset/report/gnuplot.hpp>  // TemporaryFolder
#include <upset/report/machine.hpp>

TEST_CASE("machine_facts: values are found in the files Linux keeps them in") {
  using upset::detail::value_in_file;
  const upset::detail::TemporaryFolder folder;
  const std::string path = (folder.path() / "facts").string();
  upset::write_file(path,
                    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nmodel name\t: Chip @ 2.50GHz "
                    "\nmodel name\t: Other\nEMPTY=\nMemTotal:       24684096 kB\n");
  CHECK(value_in_file(path.c_str(), "PRETTY_NAME", '=') == "Debian GNU/Linux 12 (bookworm)");
  CHECK(value_in_file(path.c_str(), "model name", ':') == "Chip @ 2.50GHz");
  CHECK(value_in_file(path.c_str(), "MemTotal", ':') == "24684096 kB");
  CHECK(value_in_file(path.c_str(), "EMPTY", '=').empty());
  CHECK(value_in_file(path.c_str(), "absent", '=').empty());
  CHECK(value_in_file((path + "x").c_str(), "PRETTY_NAME", '=').empty());
}

TEST_CASE("machine_facts: names are different and nothing is empty") {
  std::set<std::string> names;
  const auto facts = upset::machine_facts();
  for (const upset::Fact& fact : facts) {
    CHECK_FALSE(fact.value.empty());
    names.insert(fact.name);
  }
  CHECK(names.size() == facts.size());
  CHECK(names.contains("compiler"));
}
