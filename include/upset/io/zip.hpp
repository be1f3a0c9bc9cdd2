// SPDX-License-Identifier: BSL-1.0
/// ZIP archives in memory: members stored or deflated, without encryption and ZIP64.
///
/// Source: PKWARE, ".ZIP File Format Specification" (APPNOTE), version 6.3, section 4.3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

#include <upset/io/bytes.hpp>

namespace upset::detail {

// Records of a ZIP file start with a signature each, and continue with fields of fixed size.
inline constexpr std::uint32_t zip_local_header = 0x04034b50;     // 30 bytes, name, extra, content
inline constexpr std::uint32_t zip_directory_entry = 0x02014b50;  // 46 bytes, name, extra, comment
inline constexpr std::uint32_t zip_directory_end = 0x06054b50;    // 22 bytes, comment

[[nodiscard]] inline std::uint32_t zip_checksum(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

/// Expands raw deflated bytes; empty unless they give exactly `size` bytes.
[[nodiscard]] inline std::vector<std::uint8_t> inflated(std::span<const std::uint8_t> packed,
                                                        std::uint32_t size) {
  std::vector<std::uint8_t> bytes(size);
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) {  // negative: no header around the deflated bytes
    return {};
  }
  stream.next_in = const_cast<std::uint8_t*>(packed.data());  // zlib only reads it
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = bytes.data();
  stream.avail_out = size;
  const int result = inflate(&stream, Z_FINISH);
  const bool is_whole = result == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return is_whole ? std::move(bytes) : std::vector<std::uint8_t>();
}

struct ZipMember {
  std::string name;
  std::vector<std::uint8_t> content;
};

/// Reads a ZIP file in memory, member by member in the order of its directory.
class ZipReader {
 public:
  /// Throws `Error` that begins with `where` when there is no directory.
  ZipReader(std::span<const std::uint8_t> bytes, std::string where)
      : bytes_(bytes), unclaimed_(bytes.size()), where_(std::move(where)) {
    constexpr std::size_t end_size = 22;
    constexpr std::size_t longest_comment = 65535;
    for (std::size_t from_end = end_size;
         from_end <= std::min(bytes.size(), end_size + longest_comment); ++from_end) {
      const std::span<const std::uint8_t> end = bytes.last(from_end);
      if (from_bytes<std::uint32_t>(end) == zip_directory_end &&
          from_bytes<std::uint16_t>(end.subspan(20)) == from_end - end_size) {
        members_ = from_bytes<std::uint16_t>(end.subspan(10));
        at_ = from_bytes<std::uint32_t>(end.subspan(16));
        if (members_ == 0xFFFF || at_ == 0xFFFFFFFF) {
          fail("is a ZIP64 archive, of 4 GiB or 65535 members; split it into smaller ones");
        }
        return;
      }
    }
    fail("not a ZIP file, or not all of it: it has no directory at its end");
  }

  [[nodiscard]] bool at_end() const { return members_ == 0; }

  /// Throws `Error` when the member is damaged, encrypted or packed in another way than deflate.
  [[nodiscard]] ZipMember next() {
    --members_;
    const auto entry = take(at_, 46, "its directory");
    if (from_bytes<std::uint32_t>(entry) != zip_directory_entry) {
      fail("is damaged: its ZIP directory holds something else; fetch the file again");
    }
    const auto flags = from_bytes<std::uint16_t>(entry.subspan(8));
    const auto method = from_bytes<std::uint16_t>(entry.subspan(10));
    const auto checksum = from_bytes<std::uint32_t>(entry.subspan(16));
    const auto packed_size = from_bytes<std::uint32_t>(entry.subspan(20));
    const auto size = from_bytes<std::uint32_t>(entry.subspan(24));
    const auto name_size = from_bytes<std::uint16_t>(entry.subspan(28));
    const auto header_at = from_bytes<std::uint32_t>(entry.subspan(42));
    const auto letters = take(at_ + 46, name_size, "its directory");
    at_ += 46U + name_size + from_bytes<std::uint16_t>(entry.subspan(30)) +
           from_bytes<std::uint16_t>(entry.subspan(32));
    ZipMember member{{letters.begin(), letters.end()}, {}};
    const std::string which = "its member " + member.name;

    if ((flags & 1U) != 0) {
      fail(which + " is encrypted; save it without a password");
    }
    if (std::max({size, packed_size, header_at}) == 0xFFFFFFFF) {
      fail(which + " is a ZIP64 one, of 4 GiB or more; split it into smaller arrays");
    }
    const auto header = take(header_at, 30, which);
    if (from_bytes<std::uint32_t>(header) != zip_local_header) {
      fail(which + " is not where the directory says; fetch the file again");
    }
    const auto packed = take(header_at + 30U + from_bytes<std::uint16_t>(header.subspan(26)) +
                                 from_bytes<std::uint16_t>(header.subspan(28)),
                             packed_size, which);
    // Members that share bytes could claim any amount of memory.
    if (packed_size > unclaimed_) {
      fail("is damaged: its members overlap; fetch the file again");
    }
    unclaimed_ -= packed_size;
    if (method == 0 && size == packed_size) {
      member.content.assign(packed.begin(), packed.end());
    } else if (method == 8 && size / most_expansion <= packed_size) {
      member.content = inflated(packed, size);
    } else if (method != 0 && method != 8) {
      fail(which + " is packed by method " + std::to_string(method) +
           "; save it stored or deflated");
    }
    if (member.content.size() != size || zip_checksum(member.content) != checksum) {
      fail(which + " is damaged: its size or checksum does not match; fetch the file again");
    }
    return member;
  }

  /// Throws `Error` with the file's name before `what`.
  [[noreturn]] void fail(const std::string& what) const { throw Error(where_ + ": " + what); }

 private:
  /// `count` bytes at `offset`, which are part of `what`.
  [[nodiscard]] std::span<const std::uint8_t> take(std::uint64_t offset, std::uint64_t count,
                                                   const std::string& what) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) {
      fail("ends early: " + what + " lies beyond its end; fetch the file again");
    }
    return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
  }

  std::span<const std::uint8_t> bytes_;
  std::uint64_t unclaimed_;  // bytes not yet content of a member
  std::string where_;
  std::uint64_t members_ = 0;  // not yet read
  std::uint64_t at_ = 0;       // of the directory entry of the next one
};

/// The bytes of a ZIP file, every member stored. Throws `Error` where there is too much for one.
[[nodiscard]] inline std::vector<std::uint8_t> zip_bytes(std::span<const ZipMember> members) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> directory;
  for (const auto& [name, content] : members) {
    constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
    if (members.size() >= 0xFFFF || name.size() > 0xFFFF ||
        bytes.size() + content.size() + directory.size() > most) {
      throw Error(name + " does not fit in a ZIP file, which holds 2 GiB in 65534 members; " +
                  "write several files");
    }
    std::vector<std::uint8_t> fields;       // of the local header and of the directory entry
    append(fields, std::uint16_t{20});      // version of ZIP that reads it
    append(fields, std::uint16_t{0x0800});  // the name is in UTF-8
    append(fields, std::uint16_t{0});       // stored
    append(fields, std::uint16_t{0});       // at midnight,
    append(fields, std::uint16_t{0x0021});  // 1 January 1980: the same bytes whenever written
    append(fields, zip_checksum(content));
    append(fields, static_cast<std::uint32_t>(content.size()));
    append(fields, static_cast<std::uint32_t>(content.size()));
    append(fields, static_cast<std::uint16_t>(name.size()));
    append(fields, std::uint16_t{0});  // no extra field

    append(directory, zip_directory_entry);
    append(directory, std::uint16_t{20});  // version of ZIP that wrote it
    directory.insert(directory.end(), fields.begin(), fields.end());
    append(directory, std::uint64_t{0});  // no comment, disk 0, no attributes:
    append(directory, std::uint16_t{0});  // 10 bytes
    append(directory, static_cast<std::uint32_t>(bytes.size()));
    directory.insert(directory.end(), name.begin(), name.end());

    append(bytes, zip_local_header);
    bytes.insert(bytes.end(), fields.begin(), fields.end());
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  const std::size_t directory_at = bytes.size();
  bytes.insert(bytes.end(), directory.begin(), directory.end());
  append(bytes, zip_directory_end);
  append(bytes, std::uint32_t{0});  // disk 0
  append(bytes, static_cast<std::uint16_t>(members.size()));
  append(bytes, static_cast<std::uint16_t>(members.size()));
  append(bytes, static_cast<std::uint32_t>(directory.size()));
  append(bytes, static_cast<std::uint32_t>(directory_at));
  append(bytes, std::uint16_t{0});  // no comment
  return bytes;
}

}  // namespace upset::detail
