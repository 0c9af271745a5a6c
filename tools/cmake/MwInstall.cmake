# SPDX-License-Identifier: MIT
# What is installed, and how programs find it: find_package(mw) and
# pkg-config mw.  Nothing below the prefix knows the prefix: the tree can be
# moved.
include(CMakePackageConfigHelpers)

set(MW_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/mw" CACHE STRING
    "Folder of the CMake package, relative to the prefix")
mark_as_advanced(MW_INSTALL_CMAKEDIR)

install(TARGETS mw EXPORT mw-targets)
if(TARGET mwidl)
    install(TARGETS mwidl EXPORT mw-targets)
endif()
install(DIRECTORY include/mw TYPE INCLUDE
    FILES_MATCHING PATTERN "*.h" PATTERN "*.idl")
install(FILES ${PROJECT_BINARY_DIR}/include/mw/introspect.mw.h
    ${PROJECT_BINARY_DIR}/include/mw/introspect_client.mw.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mw)

# A page is found by each name in its NAME section: the others get a page that
# refers to it.
file(GLOB pages CONFIGURE_DEPENDS docs/man/*.[1-9])
foreach(page IN LISTS pages)
    cmake_path(GET page FILENAME file)
    string(REGEX REPLACE ".*\\.([1-9])$" "\\1" section "${file}")
    set(destination ${CMAKE_INSTALL_MANDIR}/man${section})
    install(FILES "${page}" DESTINATION ${destination})
    file(READ "${page}" text)
    string(REGEX REPLACE ".*\n\\.Sh NAME\n(.*)\n\\.Nd .*" "\\1" text "${text}")
    string(REGEX MATCHALL "mw[a-z0-9_]*" names "${text}")
    foreach(name IN LISTS names)
        if(NOT "${name}.${section}" STREQUAL file)
            set(link "${PROJECT_BINARY_DIR}/man/${name}.${section}")
            file(CONFIGURE OUTPUT "${link}" CONTENT ".so man${section}/${file}\n")
            install(FILES "${link}" DESTINATION ${destination})
        endif()
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${page}")
endforeach()

# CMake package.
install(EXPORT mw-targets NAMESPACE mw:: DESTINATION ${MW_INSTALL_CMAKEDIR})
configure_package_config_file(tools/cmake/mw-config.cmake.in
    ${PROJECT_BINARY_DIR}/mw-config.cmake
    INSTALL_DESTINATION ${MW_INSTALL_CMAKEDIR})
# Until 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mw-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES tools/cmake/MwGenerate.cmake
    ${PROJECT_BINARY_DIR}/mw-config.cmake
    ${PROJECT_BINARY_DIR}/mw-config-version.cmake
    DESTINATION ${MW_INSTALL_CMAKEDIR})

# pkg-config.  No Requires.private: only a shared library is installed, which
# brings its own dependencies, and with that line a program could not even be
# compiled where the headers of OpenSSL and libcbor are missing.
file(RELATIVE_PATH MW_PC_TO_PREFIX
    "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" /prefix)
string(REGEX REPLACE "/$" "" MW_PC_TO_PREFIX "${MW_PC_TO_PREFIX}")
configure_file(tools/cmake/mw.pc.in ${PROJECT_BINARY_DIR}/mw.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mw.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
