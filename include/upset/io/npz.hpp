// SPDX-License-Identifier: BSL-1.0
/// NPZ, the format of several named NumPy arrays in one file: a ZIP archive of NPY files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/npy.hpp>
#include <upset/io/zip.hpp>

namespace upset {

/// A member of an NPZ file; its name is without the ending .npy.
struct NamedArray {
  std::string name;
  Array array;

  [[nodiscard]] friend bool operator==(const NamedArray&, const NamedArray&) = default;
};

namespace detail {

/// The arrays in the bytes of an NPZ file; `where` is its name in errors.
[[nodiscard]] inline std::vector<NamedArray> parse_npz(std::span<const std::uint8_t> bytes,
                                                       const std::string& where) {
  constexpr std::string_view ending = ".npy";
  std::vector<NamedArray> arrays;
  std::set<std::string> names;
  for (ZipReader zip(bytes, where); !zip.at_end();) {
    ZipMember member = zip.next();
    std::string& name = member.name;
    if (!name.ends_with(ending)) {
      zip.fail("its member " + name + " is no array: its name does not end in .npy");
    }
    name.resize(name.size() - ending.size());
    if (!names.insert(name).second) {
      zip.fail("has two arrays " + name + "; name them differently");
    }
    Array array = parse_npy(member.content, where + ": " + name);
    arrays.push_back({std::move(name), std::move(array)});
  }
  return arrays;
}

/// The array of this name; throws `Error` where there is none of that many extents.
[[nodiscard]] inline const Array& array_called(std::span<const NamedArray> arrays,
                                               const std::string& name, std::size_t rank) {
  for (const NamedArray& array : arrays) {
    if (array.name == name && array.array.shape.rank() == rank && array.array.shape.size() > 0) {
      return array.array;
    }
  }
  throw Error("There is no array " + name + " of " + std::to_string(rank) + " extents");
}

}  // namespace detail

/// Reads all arrays, in the order of the file.
///
/// - errors: throws `Error` naming file and array: missing, truncated, damaged (every checksum is
///   compared), encrypted, ZIP64, neither stored nor deflated, two arrays of one name, a member
///   that is no array, and as `load_npy`
/// - cost:   the file and its arrays are in memory together
[[nodiscard]] inline std::vector<NamedArray> load_npz(const std::filesystem::path& path) {
  return detail::parse_npz(detail::read_bytes(path), path.string());
}

/// Writes arrays in this order, not compressed.
///
/// - errors: throws `Error` as `save_npy`, for two arrays of one name, more than 2 GiB, and 65535
///   arrays or more
inline void save_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays) {
  std::vector<detail::ZipMember> members;
  std::set<std::string_view> names;
  for (const auto& [name, array] : arrays) {
    if (!names.insert(name).second) {
      throw Error("Two arrays for " + path.string() + " are called " + name +
                  "; name them differently");
    }
    members.push_back({name + ".npy", detail::npy_bytes(array)});
  }
  detail::write_bytes(path, detail::zip_bytes(members));
}

}  // namespace upset
