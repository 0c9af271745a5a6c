# SPDX-License-Identifier: MIT
# Stubs from IDL.
#
#   mw_generate(TARGET <name> IDL <file>...
#               [INCLUDE_DIRS <dir>...]     where #include looks
#               [OUTPUT_DIR <dir>]          default: ${CMAKE_CURRENT_BINARY_DIR}/<name>
#               [SIDES <side>...]           of: types client server;
#                                           default: client server
#               [LIBRARY <target>])         default: mw::mw
#
# makes the static library <name> of the code that mwidl generates.  Who links
# it gets the generated headers and libmw too:
#
#   mw_generate(TARGET bank_rpc IDL bank.idl)
#   target_link_libraries(teller PRIVATE bank_rpc)
#
# When bank.idl includes an IDL file that another target generates, link that
# target to this one:  target_link_libraries(bank_rpc PUBLIC money_rpc).
#
# mwidl is the target mw::mwidl, or the program MWIDL_EXECUTABLE if that is set,
# as it must be when cross compiling.

# Sets <result> to the command that runs mwidl.
function(_mw_find_mwidl result)
    if(MWIDL_EXECUTABLE)
        set(${result} "${MWIDL_EXECUTABLE}" PARENT_SCOPE)
    elseif(TARGET mw::mwidl)
        set(${result} mw::mwidl PARENT_SCOPE)
    else()
        find_program(MWIDL_EXECUTABLE mwidl)
        if(NOT MWIDL_EXECUTABLE)
            message(FATAL_ERROR "mw_generate: mwidl not found; set "
                "MWIDL_EXECUTABLE to the program")
        endif()
        set(${result} "${MWIDL_EXECUTABLE}" PARENT_SCOPE)
    endif()
endfunction()

function(mw_generate)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;OUTPUT_DIR;LIBRARY"
        "IDL;INCLUDE_DIRS;SIDES")
    if(NOT arg_TARGET OR NOT arg_IDL OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "mw_generate(TARGET <name> IDL <file>... "
            "[INCLUDE_DIRS <dir>...] [OUTPUT_DIR <dir>] [SIDES <side>...] "
            "[LIBRARY <target>])")
    endif()
    if(NOT arg_OUTPUT_DIR)
        set(arg_OUTPUT_DIR "${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}")
    endif()
    cmake_path(ABSOLUTE_PATH arg_OUTPUT_DIR
        BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
    if(NOT arg_LIBRARY)
        set(arg_LIBRARY mw::mw)
    endif()
    if(NOT arg_SIDES)
        set(arg_SIDES client server)
    endif()

    set(options --types)
    set(suffixes "")
    foreach(side IN LISTS arg_SIDES)
        if(NOT side MATCHES "^(types|client|server)$")
            message(FATAL_ERROR
                "mw_generate: SIDES are types, client and server, not ${side}")
        endif()
        if(NOT side STREQUAL "types")
            list(APPEND options --${side})
            list(APPEND suffixes _${side})
        endif()
    endforeach()
    foreach(dir IN LISTS arg_INCLUDE_DIRS)
        cmake_path(ABSOLUTE_PATH dir
            BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        list(APPEND options -I "${dir}")
    endforeach()

    _mw_find_mwidl(mwidl)
    set(outputs "")
    foreach(idl IN LISTS arg_IDL)
        cmake_path(ABSOLUTE_PATH idl
            BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
        cmake_path(GET idl STEM LAST_ONLY stem)
        set(made "${arg_OUTPUT_DIR}/${stem}.mw.h"
            "${arg_OUTPUT_DIR}/${stem}.mw.c")
        foreach(suffix IN LISTS suffixes)
            list(APPEND made "${arg_OUTPUT_DIR}/${stem}${suffix}.mw.h"
                "${arg_OUTPUT_DIR}/${stem}${suffix}.mw.c")
        endforeach()
        set(depfile "${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}_${stem}.d")
        add_custom_command(
            OUTPUT ${made}
            COMMAND ${CMAKE_COMMAND} -E make_directory "${arg_OUTPUT_DIR}"
            COMMAND ${mwidl} ${options} --depfile "${depfile}"
                -o "${arg_OUTPUT_DIR}" "${idl}"
            DEPENDS "${idl}" ${mwidl}
            DEPFILE "${depfile}"
            COMMENT "Generating ${stem}.mw.h and .c"
            VERBATIM)
        list(APPEND outputs ${made})
    endforeach()

    add_library(${arg_TARGET} STATIC ${outputs})
    set_target_properties(${arg_TARGET} PROPERTIES
        POSITION_INDEPENDENT_CODE ON)
    target_compile_features(${arg_TARGET} PRIVATE c_std_11)
    target_include_directories(${arg_TARGET} PUBLIC "${arg_OUTPUT_DIR}")
    target_link_libraries(${arg_TARGET} PUBLIC ${arg_LIBRARY})
    # In libmw's own tree the generated code must be free of warnings.
    if(COMMAND mw_compile_options)
        mw_compile_options(${arg_TARGET})
    endif()
endfunction()
