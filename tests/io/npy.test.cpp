// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/npy.hpp>

using upset::Array;
using upset::load_npy;
using upset::save_npy;
using upset::Shape;

namespace {

/// An NPY file with this header and this many bytes of values, 0, 1, 2, ...
Bytes npy(const std::string& header, std::size_t count, std::uint8_t version = 1) {
  Bytes bytes{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  bytes.push_back(static_cast<std::uint8_t>(header.size()));
  bytes.resize(bytes.size() + (version == 1 ? 1 : 3));
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i));
  }
  return bytes;
}

Array parsed(const Bytes& bytes) { return upset::detail::parse_npy(bytes, "x.npy"); }

/// What is said of an NPY file with this header and this many bytes of values.
std::string refusal(const std::string& header, std::size_t count) {
  return complaint([&] { (void)parsed(npy(header, count)); });
}

}  // namespace

// Laid out as the files of numpy.save are: values begin at a multiple of 64 bytes.
TEST_CASE("save_npy: header and values byte for byte") {
  const Scratch scratch;
  const Array array{{2, 2}, std::vector<std::int16_t>{1, 2, 3, -4}};
  save_npy(scratch.path() / "x.npy", array);
  Bytes expected{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
  std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }";
  header.resize(117, ' ');
  expected.insert(expected.end(), header.begin(), header.end());
  expected.insert(expected.end(), {'\n', 1, 0, 2, 0, 3, 0, 0xfc, 0xff});
  CHECK(upset::detail::read_bytes(scratch.path() / "x.npy") == expected);
  CHECK(load_npy(scratch.path() / "x.npy") == array);
}

TEST_CASE_TEMPLATE("save_npy, load_npy: the same array back, of every type and rank", T, float,
                   double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                   std::uint16_t, std::uint32_t, std::uint64_t) {
  const Scratch scratch;
  using Limits = std::numeric_limits<T>;
  for (const Shape& shape :
       {Shape{}, Shape{3}, Shape{0}, Shape{2, 0, 4}, Shape{1, 2, 1, 3, 1, 2}}) {
    Array array{shape, std::vector<T>(shape.size(), Limits::max())};
    if (shape.size() > 1) {
      std::get<std::vector<T>>(array.values)[1] = Limits::lowest();
    }
    save_npy(scratch.path() / "x.npy", array);
    CHECK(std::filesystem::file_size(scratch.path() / "x.npy") == 128 + shape.size() * sizeof(T));
    CHECK(load_npy(scratch.path() / "x.npy") == array);
  }
}

TEST_CASE("load_npy: headers as other programs write them") {
  const Array expected{{2}, std::vector<std::uint16_t>{0x0100, 0x0302}};
  CHECK(parsed(npy("{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}", 4)) == expected);
  CHECK(parsed(npy("{'shape': ( 2 , ), 'fortran_order':False,'descr':'<u2',}   \n", 4, 2)) ==
        expected);
}

TEST_CASE("to_tensor, to_array: values of any type as floats, and floats as they are") {
  const upset::Tensor tensor =
      upset::to_tensor({{2, 1}, std::vector<std::int64_t>{-3, 1 << 24 | 1}});
  CHECK(tensor == upset::Tensor({2, 1}, {-3.0F, 0x1p24F}));
  CHECK(upset::to_tensor({{1}, std::vector<double>{0.1}})[0] == 0.1F);
  CHECK(to_array(tensor) == Array{{2, 1}, std::vector<float>{-3.0F, 0x1p24F}});
}

TEST_CASE("load_npy: what is no array of numbers is refused, with what is wrong") {
  const std::string good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
  REQUIRE(refusal(good, 6).empty());
  CHECK(contains(refusal(good, 5), "x.npy: should have 6 bytes of values for its shape [2, 3]"));
  CHECK(contains(refusal(good, 7), "and has 7"));
  const auto with = [&](const std::string& shape) {
    return refusal("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}", 8);
  };
  CHECK(with("(2,)").empty());
  // A product that wraps around 64 bits to 8 bytes, or to none
  CHECK(contains(with("(4294967296, 4294967296, 2)"), "and has 8"));
  CHECK(contains(with("(9223372036854775809, 2)"), "and has 8"));
  CHECK(contains(with("(18446744073709551616,)"), "its shape must be at most 6 numbers"));
  CHECK(contains(with("(1, 1, 1, 1, 1, 1, 2)"), "its shape must be at most 6 numbers, not \"2)"));
  CHECK(contains(with("(-2,)"), "its shape must be at most 6 numbers, not \"-2,)"));
  CHECK(contains(with("(2 3)"), "\")\" should come before \"3)"));
  CHECK(contains(with("2"), "\"(\" should come before \"2}"));
  CHECK(contains(with("("), "its shape must be"));

  const auto of_type = [&](const std::string& type) {
    return refusal("{'descr': " + type + ", 'fortran_order': False, 'shape': ()}", 8);
  };
  CHECK(of_type("'<u8'").empty());
  for (const char* const type : {"'>u8'", "'<f2'", "'<c8'", "'<U2'", "'|b1'", "'|O'", "''"}) {
    CHECK(contains(of_type(type), "x.npy: has values of type " + std::string(type) + "; save it"));
  }
  CHECK(contains(of_type("[('a', '<f4')]"), "not that of an array of numbers"));
  CHECK(contains(refusal("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", 6),
                 "x.npy: is in Fortran order; save numpy.ascontiguousarray of it"));
  CHECK(contains(refusal("{'descr': '|u1', 'shape': (2, 3), }", 6), "lacks descr, fortran_order"));
  CHECK(contains(refusal("{}", 6), "lacks descr, fortran_order"));
  CHECK(contains(refusal("", 6), "\"{\" should come before"));

  const auto said = [](const Bytes& bytes) { return complaint([&] { (void)parsed(bytes); }); };
  CHECK(contains(said({}), "x.npy: not an NPY file"));
  CHECK(contains(said({'P', 'K', 3, 4, 0, 0, 0, 0}), "x.npy: not an NPY file"));
  CHECK(contains(said(npy(good, 6, 3)), "x.npy: is of NPY version 3.0"));
  Bytes long_header = npy(good, 6, 2);
  long_header[11] = 0xff;  // four billion bytes
  CHECK(contains(said(long_header), "ends early in its NPY header"));
}

TEST_CASE("load_npy: a file cut or damaged anywhere is read or refused, never more") {
  const Bytes whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", 8, 2);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS((void)parsed(Bytes(whole.begin(), whole.begin() + static_cast<int>(size))),
                    upset::Error);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(value);
      (void)complaint([&] { (void)parsed(damaged); });  // another exception ends the test
    }
  }
}

TEST_CASE("save_npy: an array whose shape does not fit its values is refused") {
  const Scratch scratch;
  CHECK(complaint([&] {
          save_npy(scratch.path() / "x.npy", {{2, 2}, std::vector<float>{1}});
        }) == "An array of shape [2, 2] needs 4 values, not 1");
  CHECK(contains(complaint([&] { (void)load_npy(scratch.path() / "x.npy"); }),
                 "x.npy: no such file"));
}
