# SPDX-License-Identifier: BSL-1.0
# The library's targets, their headers and their installation: upset::upset and the parts of
# Parts.cmake whose third party is found. Every header is in one file set, so every header is
# installed, and VERIFY_INTERFACE_HEADER_SETS compiles each alone against its own target only.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(Parts)

set(upset_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/upset)

# Makes the target upset_<name> (upset for the core) with `headers`, exported under its own name:
# a package that lacks one third party can still offer the other parts.
function(upset_add_part target export_name headers)
  add_library(${target} INTERFACE)
  add_library(upset::${export_name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                     FILES ${headers})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${export_name}
                                             VERIFY_INTERFACE_HEADER_SETS ON)
  if(UPSET_INSTALL)
    install(TARGETS ${target} EXPORT upset-${export_name} FILE_SET HEADERS)
    install(EXPORT upset-${export_name} NAMESPACE upset:: DESTINATION ${upset_package_dir})
  endif()
endfunction()

file(GLOB_RECURSE core_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/upset/*.hpp)
set(upset_missing_packages)

foreach(row IN LISTS upset_parts)
  upset_read_part("${row}")
  set(headers ${core_headers})
  string(REPLACE "^" "/include/upset/" pattern "${upset_part_headers}")
  list(FILTER headers INCLUDE REGEX "${pattern}")
  list(REMOVE_ITEM core_headers ${headers})
  if(upset_part_package)
    find_package(${upset_part_package} QUIET)
  endif()
  foreach(link IN LISTS upset_part_links)
    if(NOT TARGET ${link})
      message(STATUS "upset::${upset_part_name} left out: ${link} not found")
      list(APPEND upset_missing_packages ${link})
      set(upset_part_name)
      break()
    endif()
  endforeach()
  if(upset_part_name)
    upset_add_part(upset_${upset_part_name} ${upset_part_name} "${headers}")
    target_link_libraries(upset_${upset_part_name} INTERFACE upset ${upset_part_links})
  endif()
endforeach()

upset_add_part(upset upset "${core_headers}")
if(NOT UPSET_INSTALL)
  return()
endif()
if(upset_missing_packages)  # headers of parts left out are installed all the same
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/upset TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/upsetConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/upsetConfig.cmake
                              INSTALL_DESTINATION ${upset_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/upsetConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/upsetConfig.cmake ${PROJECT_BINARY_DIR}/upsetConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Parts.cmake ${PROJECT_SOURCE_DIR}/cmake/FindRandom123.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindStb.cmake ${PROJECT_SOURCE_DIR}/cmake/FindTurboJPEG.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindONNX.cmake
        DESTINATION ${upset_package_dir})
