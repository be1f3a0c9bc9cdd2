// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/npz.hpp>

using upset::load_npz;
using upset::NamedArray;
using upset::save_npz;
using upset::detail::ZipMember;

namespace {

std::string refusal(const std::vector<ZipMember>& members) {
  const Scratch scratch;
  scratch.write("x.npz", upset::detail::zip_bytes(members));
  return complaint([&] { (void)load_npz(scratch.path() / "x.npz"); });
}

}  // namespace

TEST_CASE("save_npz, load_npz: the same names and arrays, in the same order") {
  const Scratch scratch;
  const std::vector<NamedArray> arrays{
      {"layer2.0.weight", {{2, 2}, std::vector<float>{1, -2, 0.5F, 4}}},
      {"a", {{3}, std::vector<std::int8_t>{-128, 0, 127}}},
      {"folder/b", {{}, std::vector<double>{0.1}}}};
  save_npz(scratch.path() / "x.npz", arrays);
  CHECK(load_npz(scratch.path() / "x.npz") == arrays);
  save_npz(scratch.path() / "x.npz", {});
  CHECK(load_npz(scratch.path() / "x.npz").empty());
}

TEST_CASE("load_npz: what is no archive of arrays is refused by file and member") {
  const Bytes array = upset::detail::npy_bytes({{1}, std::vector<float>{1}});
  REQUIRE(refusal({{"a.npy", array}, {"b.npy", array}}).empty());
  CHECK(contains(refusal({{"a.npy", array}, {"a.npy", array}}), "x.npz: has two arrays a;"));
  CHECK(contains(refusal({{"a.txt", array}}), "x.npz: its member a.txt is no array"));
  CHECK(contains(refusal({{"a.npy", {}}}), "x.npz: a: not an NPY file"));
  const Scratch scratch;
  scratch.write("x.npz", array);
  CHECK(contains(complaint([&] { (void)load_npz(scratch.path() / "x.npz"); }),
                 "x.npz: not a ZIP file"));
  CHECK(contains(complaint([&] { (void)load_npz(scratch.path() / "none"); }), "no such file"));
}

TEST_CASE("save_npz: two arrays of one name are refused, and no file is written") {
  const Scratch scratch;
  const NamedArray one{"a", {{1}, std::vector<float>{1}}};
  CHECK(contains(complaint([&] {
                   save_npz(scratch.path() / "x.npz", std::vector{one, one});
                 }),
                 "x.npz are called a; name them differently"));
  CHECK(!std::filesystem::exists(scratch.path() / "x.npz"));
}
