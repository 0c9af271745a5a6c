/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "base/list.h"

struct member {
    int number;
    struct mwi_list link;
};

static int
digits(struct mwi_list *head)
{
    int all = 0;

    MWI_LIST_FOREACH(link, head) {
        all = all * 10 + MWI_CONTAINER(link, struct member, link)->number;
    }
    return all;
}

Test(list, members_come_in_order)
{
    struct mwi_list head;
    struct member members[5];

    mwi_list_init(&head);
    cr_assert(mwi_list_is_empty(&head));
    cr_assert_null(mwi_list_pop(&head));
    for (int i = 0; i < 5; i++) {
        members[i].number = i + 1;
        mwi_list_append(&head, &members[i].link);
    }
    cr_assert_eq(digits(&head), 12345);
    mwi_list_remove(&members[2].link);
    mwi_list_remove(&members[2].link); /* harmless */
    cr_assert_eq(digits(&head), 1245);
    mwi_list_append(&head, &members[2].link);
    cr_assert_eq(digits(&head), 12453);
    cr_assert_eq(mwi_list_pop(&head), &members[0].link);
    cr_assert_eq(digits(&head), 2453);
}

Test(list, the_current_member_may_be_removed)
{
    struct mwi_list head;
    struct member members[5];

    mwi_list_init(&head);
    for (int i = 0; i < 5; i++) {
        members[i].number = i + 1;
        mwi_list_append(&head, &members[i].link);
    }
    MWI_LIST_FOREACH(link, &head) {
        if (MWI_CONTAINER(link, struct member, link)->number % 2 == 1) {
            mwi_list_remove(link);
        }
    }
    cr_assert_eq(digits(&head), 24);
    MWI_LIST_FOREACH(link, &head) {
        mwi_list_remove(link);
    }
    cr_assert(mwi_list_is_empty(&head));
}
